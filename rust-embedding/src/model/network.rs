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
use super::weights::{Tensor, Tensors, Wanted};

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
    /// The tensors that [`build`](Self::build) takes.
    pub(super) fn wanted(config: &Config, precision: Precision) -> Vec<Wanted> {
        let Config { hidden, intermediate, vocabulary, positions, types, .. } = *config;
        let is_int8 = precision == Precision::Int8Canonical;
        let vector = |name: String, length| Wanted { name, shape: vec![length], scale: 1.0, is_int8: false };
        let matrix =
            |name: String, rows, width| Wanted { name, shape: vec![rows, width], scale: 1.0, is_int8 };
        let norm =
            |name: &str| [format!("{name}.weight"), format!("{name}.bias")].map(|name| vector(name, hidden));
        let linear = |name: String, outputs, width| {
            [matrix(format!("{name}.weight"), outputs, width), vector(format!("{name}.bias"), outputs)]
        };
        let mut wanted = vec![
            matrix("embeddings.word_embeddings.weight".to_owned(), vocabulary, hidden),
            Wanted {
                is_int8: false,
                ..matrix("embeddings.position_embeddings.weight".to_owned(), positions, hidden)
            },
            Wanted {
                is_int8: false,
                ..matrix("embeddings.token_type_embeddings.weight".to_owned(), types, hidden)
            },
        ];
        wanted.extend(norm("embeddings.LayerNorm"));
        #[expect(clippy::cast_precision_loss, reason = "a head is far narrower than 2^24")]
        let scale = 1.0 / (config.head_width() as f32).sqrt();
        for layer in (0..config.layers).map(|index| format!("encoder.layer.{index}")) {
            let query = linear(format!("{layer}.attention.self.query"), hidden, hidden);
            wanted.extend(query.map(|part| Wanted { scale, ..part }));
            for name in ["attention.self.key", "attention.self.value", "attention.output.dense"] {
                wanted.extend(linear(format!("{layer}.{name}"), hidden, hidden));
            }
            wanted.extend(norm(&format!("{layer}.attention.output.LayerNorm")));
            wanted.extend(linear(format!("{layer}.intermediate.dense"), intermediate, hidden));
            wanted.extend(linear(format!("{layer}.output.dense"), hidden, intermediate));
            wanted.extend(norm(&format!("{layer}.output.LayerNorm")));
        }
        wanted
    }

    /// The network of the tensors that are [`wanted`](Self::wanted). Each is let go of as soon as it is packed.
    pub(super) fn build(config: &Config, tensors: &mut Tensors) -> Self {
        let (hidden, middle) = (config.hidden, config.intermediate);
        let words = match tensors.take("embeddings.word_embeddings.weight") {
            Tensor::Int8 { values, scales } => Words::Int8 { values, scales },
            Tensor::Numbers(numbers) => Words::F32(lanes_of(&numbers)),
        };
        let mut positions = tensors.take("embeddings.position_embeddings.weight").into_numbers();
        let types = tensors.take("embeddings.token_type_embeddings.weight").into_numbers();
        for (position, number) in positions.iter_mut().enumerate() {
            *number += types[position % hidden];
        }
        let norm = |tensors: &mut Tensors, name: &str| {
            let mut lanes = |part: &str| lanes_of(&tensors.take(&format!("{name}.{part}")).into_numbers());
            Norm { weight: lanes("weight"), bias: lanes("bias") }
        };
        let linear = |tensors: &mut Tensors, names: &[String], width: usize| {
            let weights = names.iter().map(|name| tensors.take(&format!("{name}.weight")));
            let weights = weights.reduce(Tensor::followed_by).expect("a layer has a name");
            let biases = names.iter().flat_map(|name| tensors.take(&format!("{name}.bias")).into_numbers());
            Linear::new(weights, &biases.collect::<Vec<_>>(), width)
        };
        let layer = |index: usize| {
            let name = |part: &str| format!("encoder.layer.{index}.{part}");
            let parts = ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
            Layer {
                qkv: linear(tensors, &parts, hidden),
                attention_out: linear(tensors, &[name("attention.output.dense")], hidden),
                attention_norm: norm(tensors, &name("attention.output.LayerNorm")),
                up: linear(tensors, &[name("intermediate.dense")], hidden),
                down: linear(tensors, &[name("output.dense")], middle),
                norm: norm(tensors, &name("output.LayerNorm")),
            }
        };
        let layers = (0..config.layers).map(layer).collect();
        Self {
            words,
            positions: lanes_of(&positions),
            norm: norm(tensors, "embeddings.LayerNorm"),
            layers,
            config: config.clone(),
        }
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
    fn new(weights: Tensor, bias: &[f32], width: usize) -> Self {
        match weights {
            Tensor::Int8 { values, scales } => {
                Self::Int8(Int8Matrix::new(width, bias.len(), &values, &scales, bias))
            }
            Tensor::Numbers(weights) => Self::F32(DenseMatrix::new(width, bias.len(), &weights, bias)),
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
