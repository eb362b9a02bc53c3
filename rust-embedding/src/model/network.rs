//! The encoder itself: from the numbers of tokens to one vector for each text.
//!
//! Texts are laid end to end, without padding. Everything but attention and pooling works on tokens one by one, and these two work on the
//! tokens of one text, so that no text can change another's result.

use chrysalis_embedding_kernels::{
    Attention, Backend, DenseMatrix, Int8Matrix, Int8Rows, LANES, Lanes, add_norm, attend, gelu, lanes_of,
    mean_pool, norm, normalize,
};

use super::Precision;
use super::config::{Config, Pooling};
use super::error::ModelError;
use super::weights::Weights;

/// Rows that pass through the feed-forward part together: enough to keep the kernels busy, few enough that what is between its two
/// products stays in the second-level cache.
const FEED_ROWS: usize = 64;

/// The weights of an encoder in the form its engine takes.
#[derive(Debug)]
pub(super) struct Network {
    config: Config,
    words: Words,
    /// For each position its embedding and that of the first token type, added up.
    positions: Vec<Lanes>,
    norm: Norm,
    layers: Vec<Layer>,
}

/// The memory a pass works in. It grows to the largest batch and is then used again.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    x: Vec<Lanes>,
    qkv: Vec<Lanes>,
    context: Vec<Lanes>,
    middle: Vec<Lanes>,
    out: Vec<Lanes>,
    bytes: Int8Rows,
    attention: Attention,
}

/// The embeddings of the vocabulary, row by row.
#[derive(Debug)]
enum Words {
    Int8 { values: Vec<i8>, scales: Vec<f32> },
    F32(Vec<Lanes>),
}

#[derive(Debug)]
enum Linear {
    Int8(Int8Matrix),
    F32(DenseMatrix),
}

#[derive(Debug)]
struct Norm {
    weight: Vec<Lanes>,
    bias: Vec<Lanes>,
}

#[derive(Debug)]
struct Layer {
    /// Queries (divided by the root of a head's width), keys and values.
    qkv: Linear,
    attention_out: Linear,
    attention_norm: Norm,
    up: Linear,
    down: Linear,
    norm: Norm,
}

impl Network {
    pub(super) fn build(
        config: &Config,
        weights: &Weights<'_>,
        precision: Precision,
    ) -> Result<Self, ModelError> {
        let (hidden, middle) = (config.hidden, config.intermediate);
        let norm = |name: &str| -> Result<Norm, ModelError> {
            Ok(Norm {
                weight: lanes_of(&weights.tensor(&format!("{name}.weight"), &[hidden])?),
                bias: lanes_of(&weights.tensor(&format!("{name}.bias"), &[hidden])?),
            })
        };
        let words = weights.tensor("embeddings.word_embeddings.weight", &[config.vocabulary, hidden])?;
        let words = match precision {
            Precision::Int8Canonical => {
                let (values, scales) = Int8Matrix::quantize(&words, hidden);
                Words::Int8 { values, scales }
            }
            Precision::F32 => Words::F32(lanes_of(&words)),
        };
        let mut positions =
            weights.tensor("embeddings.position_embeddings.weight", &[config.positions, hidden])?;
        let types = weights.tensor("embeddings.token_type_embeddings.weight", &[config.types, hidden])?;
        for (position, number) in positions.iter_mut().enumerate() {
            *number += types[position % hidden];
        }
        let layer = |index: usize| -> Result<Layer, ModelError> {
            let part =
                |name: &str, outputs: usize, width: usize| -> Result<(Vec<f32>, Vec<f32>), ModelError> {
                    let name = format!("encoder.layer.{index}.{name}");
                    let weight = weights.tensor(&format!("{name}.weight"), &[outputs, width])?;
                    Ok((weight, weights.tensor(&format!("{name}.bias"), &[outputs])?))
                };
            let linear = |name: &str, outputs: usize, width: usize| {
                part(name, outputs, width).map(|(weight, bias)| Linear::new(precision, &weight, &bias, width))
            };
            let (mut weight, mut bias) = part("attention.self.query", hidden, hidden)?;
            #[expect(clippy::cast_precision_loss, reason = "a head is far narrower than 2^24")]
            let scale = 1.0 / (config.head_width() as f32).sqrt();
            weight.iter_mut().chain(&mut bias).for_each(|number| *number *= scale);
            for name in ["attention.self.key", "attention.self.value"] {
                let (more, more_bias) = part(name, hidden, hidden)?;
                weight.extend(more);
                bias.extend(more_bias);
            }
            Ok(Layer {
                qkv: Linear::new(precision, &weight, &bias, hidden),
                attention_out: linear("attention.output.dense", hidden, hidden)?,
                attention_norm: norm(&format!("encoder.layer.{index}.attention.output.LayerNorm"))?,
                up: linear("intermediate.dense", middle, hidden)?,
                down: linear("output.dense", hidden, middle)?,
                norm: norm(&format!("encoder.layer.{index}.output.LayerNorm"))?,
            })
        };
        Ok(Self {
            words,
            positions: lanes_of(&positions),
            norm: norm("embeddings.LayerNorm")?,
            layers: (0..config.layers).map(layer).collect::<Result<_, _>>()?,
            config: config.clone(),
        })
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// The vectors of `texts`, each the numbers of its tokens, one after the other in `out`.
    ///
    /// Every number is below the size of the vocabulary and no text longer than the positions: the tokenizer sees to both.
    pub(super) fn encode(
        &self,
        backend: Backend,
        space: &mut Workspace,
        texts: &[&[u32]],
        out: &mut Vec<f32>,
    ) {
        let stride = self.config.hidden / LANES;
        let rows: usize = texts.iter().map(|ids| ids.len()).sum();
        let Workspace { x, qkv, context, middle, out: y, bytes, attention } = space;
        x.clear();
        for ids in texts {
            self.embed(ids, x);
        }
        norm(backend, x, &self.norm.weight, &self.norm.bias, self.config.epsilon);
        context.resize(rows * stride, Lanes::default());
        for layer in &self.layers {
            layer.qkv.apply(backend, bytes, x, qkv);
            let mut row = 0;
            for ids in texts {
                let tokens = row..row + ids.len();
                row = tokens.end;
                let (from, to) = (tokens.start * stride, tokens.end * stride);
                let (heads, width) = (self.config.heads, self.config.head_width());
                attend(backend, attention, &qkv[3 * from..3 * to], heads, width, &mut context[from..to]);
            }
            for (x, context) in x.chunks_mut(FEED_ROWS * stride).zip(context.chunks(FEED_ROWS * stride)) {
                layer.attention_out.apply(backend, bytes, context, y);
                let Norm { weight, bias } = &layer.attention_norm;
                add_norm(backend, x, y, weight, bias, self.config.epsilon);
                layer.up.apply(backend, bytes, x, middle);
                gelu(backend, middle);
                layer.down.apply(backend, bytes, middle, y);
                add_norm(backend, x, y, &layer.norm.weight, &layer.norm.bias, self.config.epsilon);
            }
        }
        let mut row = 0;
        for ids in texts {
            y.resize(stride, Lanes::default());
            match self.config.pooling {
                Pooling::Mean => mean_pool(backend, &x[row * stride..(row + ids.len()) * stride], y),
                Pooling::First => y.copy_from_slice(&x[row * stride..][..stride]),
            }
            if self.config.unit_length {
                normalize(backend, y);
            }
            out.extend(y.iter().flat_map(|lanes| lanes.0));
            row += ids.len();
        }
    }

    /// The sums of embeddings of one text's tokens, onto `x`.
    fn embed(&self, ids: &[u32], x: &mut Vec<Lanes>) {
        let stride = self.config.hidden / LANES;
        for (position, &id) in ids.iter().enumerate() {
            let row = id as usize;
            let positions = &self.positions[position * stride..][..stride];
            match &self.words {
                Words::F32(words) => {
                    x.extend(
                        words[row * stride..][..stride].iter().zip(positions).map(|(word, position)| {
                            Lanes(std::array::from_fn(|i| word.0[i] + position.0[i]))
                        }),
                    );
                }
                Words::Int8 { values, scales } => {
                    let words =
                        values[row * self.config.hidden..][..self.config.hidden].as_chunks::<LANES>().0;
                    let scale = scales[row];
                    x.extend(words.iter().zip(positions).map(|(word, position)| {
                        Lanes(std::array::from_fn(|i| f32::from(word[i]) * scale + position.0[i]))
                    }));
                }
            }
        }
    }
}

impl Linear {
    fn new(precision: Precision, weights: &[f32], bias: &[f32], width: usize) -> Self {
        match precision {
            Precision::Int8Canonical => {
                let (values, scales) = Int8Matrix::quantize(weights, width);
                Self::Int8(Int8Matrix::new(width, bias.len(), &values, &scales, bias))
            }
            Precision::F32 => Self::F32(DenseMatrix::new(width, bias.len(), weights, bias)),
        }
    }

    /// The layer's outputs for the rows of `x`, in place of what `out` holds.
    fn apply(&self, backend: Backend, bytes: &mut Int8Rows, x: &[Lanes], out: &mut Vec<Lanes>) {
        match self {
            Self::Int8(matrix) => {
                bytes.quantize(backend, x, matrix.width());
                out.resize(bytes.rows() * matrix.outputs() / LANES, Lanes::default());
                matrix.multiply(backend, bytes, out);
            }
            Self::F32(matrix) => {
                out.resize(x.len() * LANES / matrix.width() * matrix.outputs() / LANES, Lanes::default());
                matrix.multiply(backend, x, out);
            }
        }
    }
}

impl Workspace {
    /// Bytes of memory held.
    pub(super) fn capacity_bytes(&self) -> usize {
        let lanes = [&self.x, &self.qkv, &self.context, &self.middle, &self.out];
        lanes.map(|lanes| lanes.capacity() * size_of::<Lanes>()).iter().sum::<usize>()
            + self.bytes.capacity_bytes()
            + self.attention.capacity_bytes()
    }
}
