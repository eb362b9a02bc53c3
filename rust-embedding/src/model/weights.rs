//! Tensors out of `model.safetensors`.

use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};

use super::error::ModelError;
use super::files::WEIGHTS;

/// The tensors of a file, found by name, given as `f32`.
pub(super) struct Weights<'a> {
    tensors: SafeTensors<'a>,
    /// `bert.` where the file holds a model with a head.
    prefix: &'static str,
}

impl<'a> Weights<'a> {
    /// Reads the header, whose sizes and offsets must fit the bytes exactly.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, ModelError> {
        let tensors = SafeTensors::deserialize(bytes)
            .map_err(|_| ModelError::malformed(WEIGHTS, "a safetensors header that fits the file"))?;
        let with_head = tensors.iter().any(|(name, _)| name.starts_with("bert.embeddings."));
        Ok(Self { tensors, prefix: if with_head { "bert." } else { "" } })
    }

    /// The numbers of the tensor `name`, row by row.
    ///
    /// # Errors
    /// [`ModelError::Tensor`] if it is absent, of another shape, of a type other than `F32`, `F16` and `BF16`, or has a number that is
    /// not finite.
    pub(super) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
        let name = format!("{}{name}", self.prefix);
        let wrong = |found: String| {
            Err(ModelError::Tensor {
                name: name.clone(),
                expected: format!("F32, F16 or BF16 {shape:?}"),
                found,
            })
        };
        let Ok(view) = self.tensors.tensor(&name) else { return wrong("none".to_owned()) };
        if view.shape() != shape {
            return wrong(format!("{:?} {:?}", view.dtype(), view.shape()));
        }
        let numbers: Vec<f32> = match view.dtype() {
            Dtype::F32 => view.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
            Dtype::F16 => {
                view.data().as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect()
            }
            Dtype::BF16 => {
                view.data().as_chunks().0.iter().map(|bytes| bf16::from_le_bytes(*bytes).to_f32()).collect()
            }
            other => return wrong(format!("{other:?} {:?}", view.shape())),
        };
        match numbers.iter().position(|number| !number.is_finite()) {
            Some(position) => wrong(format!("a number that is not finite at {position}")),
            None => Ok(numbers),
        }
    }
}
