//! Tensors out of `model.safetensors`, read piece by piece.
//!
//! What an engine keeps of a tensor is made as its bytes come in, so that a model of 90 megabytes in `f32` never takes more than
//! its 23 in int8, whether it comes from a disk or over a network.

use std::collections::BTreeMap;

use chrysalis_embedding_kernels::Int8Matrix;
use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::Metadata;
use sha2::{Digest as _, Sha256};

use super::error::ModelError;
use super::files::WEIGHTS;

/// The most bytes of a header: some twenty times that of an encoder with a hundred layers.
const MAX_HEADER: usize = 8 << 20;

/// A tensor that an engine needs.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    /// What each number is multiplied with.
    pub(super) scale: f32,
    /// Whether rows are quantised.
    pub(super) is_int8: bool,
}

/// What is kept of a tensor.
#[derive(Debug)]
pub(super) enum Tensor {
    /// Its numbers, row by row.
    Numbers(Vec<f32>),
    /// Its rows, as [`Int8Matrix::quantize`] makes them.
    Int8 { values: Vec<i8>, scales: Vec<f32> },
}

/// The tensors that were wanted, by name.
#[derive(Debug)]
pub(super) struct Tensors(BTreeMap<String, Tensor>);

/// Takes the bytes of the file in order.
pub(super) struct WeightsReader {
    wanted: Vec<Wanted>,
    hash: Sha256,
    phase: Phase,
}

enum Phase {
    /// The length of the header and the header, as far as they are there.
    Header(Vec<u8>),
    Data {
        /// The wanted tensors in the order of the file.
        parts: Vec<Part>,
        /// The part that is being read.
        current: usize,
        /// Bytes behind the header that were taken.
        taken: usize,
        /// Bytes behind the header that there are.
        length: usize,
    },
}

/// A tensor being read.
struct Part {
    wanted: Wanted,
    dtype: Dtype,
    start: usize,
    end: usize,
    /// The beginning of a row whose rest is still to come.
    rest: Vec<u8>,
    /// Numbers that were read.
    count: usize,
    tensor: Tensor,
}

impl WeightsReader {
    /// For these tensors.
    pub(super) fn new(wanted: Vec<Wanted>) -> Self {
        Self { wanted, hash: Sha256::new(), phase: Phase::Header(Vec::new()) }
    }

    /// Takes the next bytes of the file.
    ///
    /// # Errors
    /// [`ModelError::Malformed`] for a header that is none or more bytes than it says; [`ModelError::Tensor`] if a tensor is absent, of
    /// another shape, of a type other than `F32`, `F16` and `BF16`, does not fit into memory, or has a number that is not finite.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<(), ModelError> {
        self.hash.update(bytes);
        while let Phase::Header(held) = &mut self.phase {
            let whole = match held.first_chunk() {
                None => 8,
                Some(length) => 8 + header_length(*length)?,
            };
            if held.len() >= 8 && held.len() == whole {
                self.phase = begin(&held[8..], &self.wanted)?;
                break;
            }
            if bytes.is_empty() {
                return Ok(());
            }
            let (head, tail) = bytes.split_at(bytes.len().min(whole - held.len()));
            held.extend_from_slice(head);
            bytes = tail;
        }
        let Phase::Data { parts, current, taken, length } = &mut self.phase else { return Ok(()) };
        if bytes.len() > *length - *taken {
            return Err(misfit());
        }
        while !bytes.is_empty() {
            let Some(part) = parts.get_mut(*current) else {
                *taken += bytes.len();
                break;
            };
            let until = if *taken < part.start { part.start } else { part.end };
            let (head, tail) = bytes.split_at(bytes.len().min(until - *taken));
            if *taken >= part.start {
                part.take(head)?;
            }
            *taken += head.len();
            bytes = tail;
            if *taken == part.end {
                *current += 1;
            }
        }
        Ok(())
    }

    /// The tensors, and SHA-256 of the file.
    ///
    /// # Errors
    /// [`ModelError::Malformed`] if bytes are missing.
    pub(super) fn finish(self) -> Result<(Tensors, [u8; 32]), ModelError> {
        match self.phase {
            Phase::Data { parts, taken, length, .. } if taken == length => {
                let tensors = parts.into_iter().map(|part| (part.wanted.name, part.tensor));
                Ok((Tensors(tensors.collect()), self.hash.finalize().into()))
            }
            _ => Err(misfit()),
        }
    }
}

impl Tensors {
    /// Takes a tensor out.
    ///
    /// # Panics
    /// If it was not wanted or is taken a second time.
    pub(super) fn take(&mut self, name: &str) -> Tensor {
        self.0.remove(name).expect("wanted, and taken once")
    }
}

impl Tensor {
    /// The numbers of a tensor that is not quantised.
    ///
    /// # Panics
    /// If it is.
    pub(super) fn into_numbers(self) -> Vec<f32> {
        match self {
            Self::Numbers(numbers) => numbers,
            Self::Int8 { .. } => panic!("wanted as numbers"),
        }
    }

    /// Its rows with those of `next` behind them.
    ///
    /// # Panics
    /// If one of them is quantised and the other is not.
    pub(super) fn followed_by(self, next: Self) -> Self {
        match (self, next) {
            (Self::Numbers(mut numbers), Self::Numbers(more)) => {
                numbers.extend(more);
                Self::Numbers(numbers)
            }
            (Self::Int8 { mut values, mut scales }, Self::Int8 { values: more, scales: more_scales }) => {
                values.extend(more);
                scales.extend(more_scales);
                Self::Int8 { values, scales }
            }
            _ => panic!("wanted alike"),
        }
    }
}

impl Part {
    /// Takes bytes of the tensor, in order.
    fn take(&mut self, mut bytes: &[u8]) -> Result<(), ModelError> {
        let row = self.row_bytes();
        if !self.rest.is_empty() {
            let (head, tail) = bytes.split_at(bytes.len().min(row - self.rest.len()));
            self.rest.extend_from_slice(head);
            bytes = tail;
            if self.rest.len() < row {
                return Ok(());
            }
            let whole = std::mem::take(&mut self.rest);
            self.take_rows(&whole)?;
        }
        let (whole, rest) = bytes.split_at(bytes.len() / row * row);
        self.rest.extend_from_slice(rest);
        self.take_rows(whole)
    }

    /// Takes whole rows.
    fn take_rows(&mut self, bytes: &[u8]) -> Result<(), ModelError> {
        let mut numbers: Vec<f32> = match self.dtype {
            Dtype::F16 => bytes.as_chunks().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
            Dtype::BF16 => bytes.as_chunks().0.iter().map(|b| bf16::from_le_bytes(*b).to_f32()).collect(),
            _ => bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        };
        if let Some(position) = numbers.iter().position(|number| !number.is_finite()) {
            let found = format!("a number that is not finite at {}", self.count + position);
            return Err(self.wanted.wrong(found));
        }
        self.count += numbers.len();
        numbers.iter_mut().for_each(|number| *number *= self.wanted.scale);
        match &mut self.tensor {
            Tensor::Numbers(all) => all.extend(numbers),
            Tensor::Int8 { values, scales } => {
                let (more, more_scales) = Int8Matrix::quantize(&numbers, self.wanted.width());
                values.extend(more);
                scales.extend(more_scales);
            }
        }
        Ok(())
    }

    fn row_bytes(&self) -> usize {
        self.wanted.width() * if self.dtype == Dtype::F32 { 4 } else { 2 }
    }
}

impl Wanted {
    /// Numbers of a row.
    fn width(&self) -> usize {
        self.shape.last().copied().unwrap_or(1)
    }

    fn wrong(&self, found: String) -> ModelError {
        let expected = format!("F32, F16 or BF16 {:?}", self.shape);
        ModelError::Tensor { name: self.name.clone(), expected, found }
    }

    /// Room for it.
    fn make(&self) -> Result<Tensor, ModelError> {
        let no_room = |_| self.wrong("a tensor that does not fit into memory".to_owned());
        let count = self.shape.iter().product();
        let (mut values, mut numbers) = (Vec::new(), Vec::new());
        if self.is_int8 {
            values.try_reserve_exact(count).map_err(no_room)?;
            numbers.try_reserve_exact(count / self.width()).map_err(no_room)?;
            return Ok(Tensor::Int8 { values, scales: numbers });
        }
        numbers.try_reserve_exact(count).map_err(no_room)?;
        Ok(Tensor::Numbers(numbers))
    }
}

fn header_length(bytes: [u8; 8]) -> Result<usize, ModelError> {
    usize::try_from(u64::from_le_bytes(bytes)).ok().filter(|length| *length <= MAX_HEADER).ok_or_else(misfit)
}

fn misfit() -> ModelError {
    ModelError::malformed(WEIGHTS, "a safetensors header that fits the file")
}

/// Reads the header, whose offsets must follow each other and fit the shapes, and finds what is wanted.
fn begin(header: &[u8], wanted: &[Wanted]) -> Result<Phase, ModelError> {
    let metadata: Metadata = serde_json::from_slice(header).map_err(|_| misfit())?;
    let with_head = metadata.offset_keys().iter().any(|name| name.starts_with("bert.embeddings."));
    let prefix = if with_head { "bert." } else { "" };
    let find = |wanted: &Wanted| {
        let name = format!("{prefix}{}", wanted.name);
        let named = Wanted { name: name.clone(), ..wanted.clone() };
        let Some(info) = metadata.info(&name) else { return Err(named.wrong("none".to_owned())) };
        if info.shape != wanted.shape || !matches!(info.dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16) {
            return Err(named.wrong(format!("{:?} {:?}", info.dtype, info.shape)));
        }
        let (start, end) = info.data_offsets;
        Ok(Part {
            dtype: info.dtype,
            start,
            end,
            rest: Vec::new(),
            count: 0,
            tensor: named.make()?,
            wanted: wanted.clone(),
        })
    };
    let mut parts = wanted.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    parts.sort_by_key(|part| part.start);
    Ok(Phase::Data { parts, current: 0, taken: 0, length: metadata.data_len() })
}
