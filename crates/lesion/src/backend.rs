//! Where the model is computed.

use anyhow::{Result, bail};
use burn::tensor::Device;
use clap::ValueEnum;
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
}

impl Backend {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Flex => "flex",
            Self::Ndarray => "ndarray",
            Self::Wgpu => "wgpu",
        }
    }

    /// The device that this backend computes on.
    ///
    /// # Errors
    /// Where this build is without the backend.
    pub(crate) fn device(self) -> Result<Device> {
        match self {
            Self::Flex => Ok(Device::flex()),
            #[cfg(feature = "ndarray")]
            #[expect(deprecated, reason = "upstream prefers flex; this stays to compare with")]
            Self::Ndarray => Ok(Device::ndarray()),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
            #[expect(clippy::allow_attributes, reason = "reachable only without some feature")]
            #[allow(unreachable_patterns)]
            missing => {
                let name = missing.name();
                bail!(
                    "this build has no backend `{name}`; `--backend {name}` after `cargo xtask \
                     reproduce` or `run` builds it in"
                )
            }
        }
    }
}
