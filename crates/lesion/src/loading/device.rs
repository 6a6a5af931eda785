//! The devices of each backend.

use burn::tensor::Device;
use lesion_eval::Batching;
use study_record::Backend;

use crate::error::LesionError;

/// The devices of a backend; `None` if it is not in this build.
#[must_use]
pub fn devices(backend: Backend) -> Option<Vec<Device>> {
    match backend {
        Backend::Flex => Some(vec![Device::flex()]),
        #[cfg(feature = "ndarray")]
        #[expect(deprecated, reason = "upstream prefers flex; it is kept for comparison")]
        Backend::Ndarray => Some(vec![Device::ndarray()]),
        #[cfg(feature = "wgpu")]
        Backend::Wgpu => Some(Device::enumerate(burn::tensor::DeviceType::Wgpu).into_vec()),
        #[cfg(feature = "cuda")]
        Backend::Cuda => Some(Device::enumerate(burn::tensor::DeviceType::Cuda).into_vec()),
        #[expect(clippy::allow_attributes, reason = "reachable only without some feature")]
        #[allow(unreachable_patterns)]
        _ => None,
    }
}

/// Device `number` of a backend.
///
/// # Errors
/// If the backend is not in this build, or has no such device on this machine.
pub fn device(backend: Backend, number: usize) -> Result<Device, LesionError> {
    let Some(devices) = devices(backend) else {
        return Err(LesionError::NoBackend { backend });
    };
    let count = devices.len();
    if count == 0 {
        return Err(LesionError::NoDevice { backend, needs: device_needs(backend) });
    }
    let found = devices.into_iter().nth(number);
    found.ok_or(LesionError::NoSuchDevice { backend, device: number, count })
}

/// The driver or hardware that the devices of a backend need.
#[must_use]
pub fn device_needs(backend: Backend) -> &'static str {
    match backend {
        Backend::Flex | Backend::Ndarray => "nothing",
        Backend::Wgpu => {
            "a driver for Vulkan, Metal or DX12 (Debian's mesa-vulkan-drivers has one in software)"
        }
        Backend::Cuda => "an NVIDIA GPU and its driver, libcuda",
    }
}

/// The name of a device.
#[must_use]
pub fn device_name(device: &Device) -> String {
    #[cfg(any(feature = "wgpu", feature = "cuda"))]
    if let Some(identity) = device.identity() {
        return identity.name;
    }
    let _ = device;
    format!("the CPU, {} threads", rayon::current_num_threads())
}

/// Batch sizes for a backend, with `memory` bytes besides the weights. A GPU needs large batches: it
/// waits for the logits of each batch.
pub(crate) fn batching(backend: Backend, memory: usize) -> Batching {
    let rows = match backend {
        Backend::Flex | Backend::Ndarray => Batching::default().rows,
        Backend::Wgpu | Backend::Cuda => 1024,
    };
    Batching { memory, rows }
}
