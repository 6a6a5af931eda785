//! The values of tensors on the CPU, without a copy.

use burn::tensor::{Device, Tensor};
use burn_flex::{Flex, FlexTensor};

/// Whether the kernels of this folder may replace Burn's operations: on the CPU, where no gradient
/// is followed. Devices compare as equal with and without gradients. In a browser that is always so, and
/// Burn's operations are not compiled.
pub(crate) fn is_plain_cpu(device: &Device) -> bool {
    cfg!(target_family = "wasm") || (*device == Device::flex() && !device.is_autodiff())
}

/// Changes the values of a tensor for which [`is_plain_cpu`] holds. Its buffer is moved out and back
/// in; it is copied only if another tensor shares it.
///
/// # Panics
/// If the values are not `f32`. All values of a model are.
pub(crate) fn in_place<const D: usize>(
    tensor: Tensor<D>,
    change: impl FnOnce(&mut [f32]),
) -> Tensor<D> {
    let device = tensor.device();
    let mut data = tensor.into_data();
    change(data.as_mut_slice().expect("a model's values are f32"));
    Tensor::from_data(data, &device)
}

/// A tensor for which [`is_plain_cpu`] holds, with its rows one after the other, to read from. It is
/// copied only if its rows lie otherwise.
///
/// # Panics
/// If it is on another device. No tensor of the model is.
pub(crate) fn in_order<const D: usize>(tensor: Tensor<D>) -> FlexTensor {
    let tensor = tensor.try_into_primitive::<Flex>();
    tensor.expect("all tensors of a model are on one device").to_contiguous()
}

/// The values of a tensor that [`in_order`] returned.
pub(crate) fn values(tensor: &FlexTensor) -> &[f32] {
    let start = tensor.layout().start_offset();
    let count = tensor.layout().num_elements();
    &tensor.storage()[start..start + count]
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;

    #[test]
    fn a_tensor_that_shares_its_buffer_leaves_the_other_alone() {
        let device = Device::flex();
        let x = Tensor::<1>::from_data(TensorData::from([1.0_f32, -2.0]), &device);
        let kept = x.clone();
        let changed = in_place(x, |values| values.fill(5.0));
        assert_eq!(changed.into_data().try_into_vec::<f32>().unwrap(), [5.0, 5.0]);
        assert_eq!(kept.into_data().try_into_vec::<f32>().unwrap(), [1.0, -2.0]);
    }
}
