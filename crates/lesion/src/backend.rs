//! Where the model is computed.

use std::io::Write;

use anyhow::{Result, bail};
use burn::tensor::Device;
use clap::ValueEnum;
use lesion_eval::Batching;
use serde::{Deserialize, Serialize};

/// A backend of Burn. Which of them are built in, the cargo features decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Backend {
    /// The CPU, Burn's present backend for it.
    #[default]
    Flex,
    /// The CPU, Burn's former backend for it.
    Ndarray,
    /// The GPU, through Vulkan, Metal or DX12.
    Wgpu,
    /// The GPU of NVIDIA, through its own driver.
    Cuda,
}

impl Backend {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Flex => "flex",
            Self::Ndarray => "ndarray",
            Self::Wgpu => "wgpu",
            Self::Cuda => "cuda",
        }
    }

    /// What this backend can compute on here; none where the build is without the backend.
    pub(crate) fn devices(self) -> Option<Vec<Device>> {
        match self {
            Self::Flex => Some(vec![Device::flex()]),
            #[cfg(feature = "ndarray")]
            #[expect(deprecated, reason = "upstream prefers flex; this stays to compare with")]
            Self::Ndarray => Some(vec![Device::ndarray()]),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => Some(Device::enumerate(burn::tensor::DeviceType::Wgpu).into_vec()),
            #[cfg(feature = "cuda")]
            Self::Cuda => Some(Device::enumerate(burn::tensor::DeviceType::Cuda).into_vec()),
            #[expect(clippy::allow_attributes, reason = "reachable only without some feature")]
            #[allow(unreachable_patterns)]
            _ => None,
        }
    }

    /// Device `number` of this backend.
    ///
    /// # Errors
    /// Where this build is without the backend, or this machine without the device.
    pub(crate) fn device(self, number: usize) -> Result<Device> {
        let name = self.name();
        let Some(devices) = self.devices() else {
            bail!(
                "this build has no backend `{name}`; `--backend {name}` after `cargo xtask \
                 reproduce` or `run` builds it in"
            )
        };
        let count = devices.len();
        match devices.into_iter().nth(number) {
            Some(device) => Ok(device),
            None if count == 0 => bail!("backend {name}: no device here; {}", self.needs()),
            None => bail!("backend {name}: no device {number}; `lesion devices` lists {count}"),
        }
    }

    /// Most lesioned sentences in one batch: a GPU wants many, and waits for each batch's logits.
    pub(crate) fn batch_rows(self) -> usize {
        match self {
            Self::Flex | Self::Ndarray => Batching::default().rows,
            Self::Wgpu | Self::Cuda => 1024,
        }
    }

    /// What has to be there for a device.
    fn needs(self) -> &'static str {
        match self {
            Self::Flex | Self::Ndarray => "it needs nothing",
            Self::Wgpu => {
                "it needs a driver for Vulkan, Metal or DX12 (Debian's mesa-vulkan-drivers has one \
                 in software)"
            }
            Self::Cuda => "it needs a GPU of NVIDIA and its driver, libcuda",
        }
    }
}

/// What a device calls itself.
pub(crate) fn describe(device: &Device) -> String {
    #[cfg(any(feature = "wgpu", feature = "cuda"))]
    if let Some(identity) = device.identity() {
        return identity.name;
    }
    let _ = device;
    format!("the CPU, {} threads", rayon::current_num_threads())
}

/// `lesion devices`.
pub(crate) fn list(out: &mut impl Write, only: Option<Backend>) -> Result<()> {
    for &backend in Backend::value_variants() {
        if only.is_some_and(|only| only != backend) {
            continue;
        }
        let name = backend.name();
        match backend.devices() {
            None => writeln!(out, "{name:8} not in this build")?,
            Some(devices) if devices.is_empty() => {
                writeln!(out, "{name:8} no device: {}", backend.needs())?;
            }
            Some(devices) => {
                for (number, device) in devices.iter().enumerate() {
                    writeln!(out, "{name:8} {number}  {}", describe(device))?;
                }
            }
        }
    }
    Ok(())
}
