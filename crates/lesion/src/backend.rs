//! Where the model is computed.

use std::io::Write;

use anyhow::{Result, bail};
use burn::tensor::Device;
use clap::ValueEnum;
use lesion_eval::Batching;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;

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
                "this build has no backend `{name}`; in a clone, `cargo xtask` with `--backend \
                 {name}` builds it in"
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

/// `lesion devices`: the devices of each backend; none where the build is without it.
pub(crate) struct Devices(Vec<(Backend, Option<Vec<String>>)>);

impl Devices {
    pub(crate) fn list(only: Option<Backend>) -> Self {
        let backends = Backend::value_variants().iter().copied();
        let listed = backends.filter(|&backend| only.is_none_or(|only| only == backend));
        let describe_all = |devices: Vec<Device>| devices.iter().map(describe).collect();
        Self(listed.map(|backend| (backend, backend.devices().map(describe_all))).collect())
    }
}

impl Answer for Devices {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        for (backend, devices) in &self.0 {
            let name = backend.name();
            match devices {
                None => writeln!(out, "{name:8} not in this build")?,
                Some(devices) if devices.is_empty() => {
                    writeln!(out, "{name:8} no device: {}", backend.needs())?;
                }
                Some(devices) => {
                    for (number, device) in devices.iter().enumerate() {
                        writeln!(out, "{name:8} {number}  {device}")?;
                    }
                }
            }
        }
        Ok(())
    }

    fn json(&self) -> impl Serialize {
        let of = |(backend, devices): &(Backend, Option<Vec<String>>)| DevicesOf {
            backend: *backend,
            built_in: devices.is_some(),
            devices: devices.clone().unwrap_or_default(),
        };
        Listed { backends: self.0.iter().map(of).collect() }
    }
}

#[derive(Serialize)]
struct Listed {
    backends: Vec<DevicesOf>,
}

/// A backend in the JSON answer.
#[derive(Serialize)]
struct DevicesOf {
    backend: Backend,
    built_in: bool,
    devices: Vec<String>,
}
