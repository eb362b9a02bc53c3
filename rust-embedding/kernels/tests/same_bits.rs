//! Every set of instructions of this machine against plain Rust, bit for bit, and plain Rust against the definition.

use chrysalis_embedding_kernels::{
    Attention, Backend, DenseMatrix, Int8Matrix, Int8Rows, LANES, Lanes, add_norm, attend, gelu, lanes_of,
    mean_pool, norm, normalize,
};
use proptest::prelude::*;

/// Numbers that look like activations and are the same in every run.
fn numbers(seed: u64, count: usize, scale: f32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let draw = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        #[expect(clippy::cast_precision_loss, reason = "24 bits are exact")]
        let unit = (state >> 40) as f32 / (1 << 24) as f32;
        (unit - 0.4) * scale
    };
    (0..count).map(draw).collect()
}

fn flat(lanes: &[Lanes]) -> Vec<f32> {
    lanes.iter().flat_map(|lanes| lanes.0).collect()
}

fn bits(lanes: &[Lanes]) -> Vec<u32> {
    flat(lanes).into_iter().map(f32::to_bits).collect()
}

fn plain() -> Backend {
    *Backend::available().last().expect("plain Rust is always there")
}

/// Runs `compute` on every backend; gives plain Rust's result after holding the others to it.
fn on_all(compute: impl Fn(Backend) -> Vec<Lanes>) -> Vec<Lanes> {
    let want = compute(plain());
    for backend in Backend::available() {
        assert_eq!(bits(&compute(*backend)), bits(&want), "{}", backend.name());
    }
    want
}

fn int8_product(seed: u64, rows: usize, width: usize, outputs: usize, scale: f32) {
    let weights = numbers(seed, width * outputs, 0.2);
    let bias = numbers(seed + 1, outputs, 1.0);
    let x = numbers(seed + 2, rows * width, scale);
    let (values, scales) = Int8Matrix::quantize(&weights, width);
    let matrix = Int8Matrix::new(width, outputs, &values, &scales, &bias);
    let got = flat(&on_all(|backend| {
        let mut quantized = Int8Rows::default();
        quantized.quantize(backend, &lanes_of(&x), width);
        let mut out = vec![Lanes::default(); rows * outputs / LANES];
        matrix.multiply(backend, &quantized, &mut out);
        out
    }));
    for (row, x) in x.chunks(width).enumerate() {
        for channel in 0..outputs {
            let weights = &weights[channel * width..][..width];
            let products = || x.iter().zip(weights).map(|(x, w)| f64::from(x * w));
            let want = products().sum::<f64>() + f64::from(bias[channel]);
            let magnitude: f64 =
                products().map(f64::abs).sum::<f64>() + 0.01 * f64::from(scale) * width as f64 * 0.1;
            let got = f64::from(got[row * outputs + channel]);
            assert!((got - want).abs() < 0.02 * magnitude, "row {row}, channel {channel}: {got}, not {want}");
        }
    }
}

#[test]
fn int8_products_at_the_shapes_of_the_model() {
    int8_product(1, 19, 384, 1152, 4.0);
    int8_product(2, 9, 1536, 384, 4.0);
}

#[test]
fn int8_product_is_the_integer_definition() {
    // Whole numbers with a range of 255 are their own quantised form, so the result is exact.
    let (rows, width, outputs) = (5, 64, 80);
    let x: Vec<f32> = (0..rows * width).map(|i| ((i * 37) % 256) as f32 - 100.0).collect();
    let x: Vec<f32> = x.chunks(width).flat_map(|row| [&[-100.0, 155.0], &row[2..]].concat()).collect();
    let weights: Vec<i8> =
        (0..width * outputs).map(|i| u8::try_from(i * 91 % 255).expect("a byte").cast_signed()).collect();
    let matrix = Int8Matrix::new(width, outputs, &weights, &vec![1.0; outputs], &vec![0.0; outputs]);
    let got = flat(&on_all(|backend| {
        let mut quantized = Int8Rows::default();
        quantized.quantize(backend, &lanes_of(&x), width);
        let mut out = vec![Lanes::default(); rows * outputs / LANES];
        matrix.multiply(backend, &quantized, &mut out);
        out
    }));
    for (row, x) in x.chunks(width).enumerate() {
        for (channel, weights) in weights.chunks(width).enumerate() {
            let want: f32 = x.iter().zip(weights).map(|(x, w)| x * f32::from(*w)).sum();
            assert_eq!(got[row * outputs + channel], want, "row {row}, channel {channel}");
        }
    }
}

#[test]
fn int8_extremes_do_not_overflow() {
    let width = 16_384;
    let matrix = Int8Matrix::new(width, 16, &vec![-127; width * 16], &[1.0; 16], &[0.0; 16]);
    for x in [vec![1.0; width], vec![-1.0; width], vec![0.0; width], vec![f32::MIN_POSITIVE; width]] {
        let got = on_all(|backend| {
            let mut rows = Int8Rows::default();
            rows.quantize(backend, &lanes_of(&x), width);
            let mut out = vec![Lanes::default(); 1];
            matrix.multiply(backend, &rows, &mut out);
            out
        });
        let want = -127.0 * width as f32 * x[0].round();
        assert!((got[0].0[0] - want).abs() <= want.abs() * 1e-6, "{} is not {want}", got[0].0[0]);
    }
}

#[test]
fn dense_product_is_the_definition() {
    let (rows, width, outputs) = (11, 96, 80);
    let (x, weights) = (numbers(3, rows * width, 2.0), numbers(4, width * outputs, 0.3));
    let bias = numbers(5, outputs, 1.0);
    let matrix = DenseMatrix::new(width, outputs, &weights, &bias);
    let got = flat(&on_all(|backend| {
        let mut out = vec![Lanes::default(); rows * outputs / LANES];
        matrix.multiply(backend, &lanes_of(&x), &mut out);
        out
    }));
    for (row, x) in x.chunks(width).enumerate() {
        for (channel, weights) in weights.chunks(width).enumerate() {
            let want = x.iter().zip(weights).fold(0.0, |sum: f32, (x, w)| sum + x * w) + bias[channel];
            assert_eq!(got[row * outputs + channel].to_bits(), want.to_bits());
        }
    }
}

#[test]
fn a_row_does_not_depend_on_the_others() {
    let (width, outputs) = (64, 96);
    let matrix = {
        let (values, scales) = Int8Matrix::quantize(&numbers(6, width * outputs, 0.3), width);
        Int8Matrix::new(width, outputs, &values, &scales, &numbers(7, outputs, 1.0))
    };
    let x = lanes_of(&numbers(8, 23 * width, 3.0));
    let product = |backend, x: &[Lanes]| {
        let mut rows = Int8Rows::default();
        rows.quantize(backend, x, width);
        let mut out = vec![Lanes::default(); rows.rows() * outputs / LANES];
        matrix.multiply(backend, &rows, &mut out);
        out
    };
    for backend in Backend::available() {
        let all = product(*backend, &x);
        for (row, x) in x.chunks(width / LANES).enumerate() {
            assert_eq!(bits(&product(*backend, x)), bits(&all[row * outputs / LANES..][..outputs / LANES]));
        }
    }
}

#[test]
fn attention_is_the_definition() {
    let (heads, head_width) = (3, 32);
    let stride = heads * head_width;
    for tokens in [1, 2, 4, 5, 15, 16, 17, 33] {
        let qkv = numbers(9, tokens * 3 * stride, 2.0);
        let got = flat(&on_all(|backend| {
            let mut out = vec![Lanes::default(); tokens * stride / LANES];
            attend(backend, &mut Attention::default(), &lanes_of(&qkv), heads, head_width, &mut out);
            out
        }));
        let part = |token: usize, which: usize, head: usize| {
            &qkv[(3 * token + which) * stride + head * head_width..][..head_width]
        };
        for token in 0..tokens {
            for head in 0..heads {
                let score = |other: usize| -> f64 {
                    part(token, 0, head).iter().zip(part(other, 1, head)).map(|(q, k)| f64::from(q * k)).sum()
                };
                let weights: Vec<f64> = (0..tokens).map(|other| score(other).exp()).collect();
                let total: f64 = weights.iter().sum();
                for i in 0..head_width {
                    let values =
                        weights.iter().enumerate().map(|(other, w)| w * f64::from(part(other, 2, head)[i]));
                    let want = values.sum::<f64>() / total;
                    let got = f64::from(got[token * stride + head * head_width + i]);
                    assert!((got - want).abs() < 2e-6, "{tokens} tokens, token {token}: {got}, not {want}");
                }
            }
        }
    }
}

#[test]
fn memory_of_attention_is_kept_without_effect() {
    let (heads, head_width) = (2, 16);
    let run = |memory: &mut Attention, tokens: usize| {
        let mut out = vec![Lanes::default(); tokens * 2];
        attend(
            Backend::best(),
            memory,
            &lanes_of(&numbers(10, tokens * 96, 2.0)),
            heads,
            head_width,
            &mut out,
        );
        bits(&out)
    };
    let mut kept = Attention::default();
    for tokens in [40, 3, 17, 40, 1] {
        assert_eq!(run(&mut kept, tokens), run(&mut Attention::default(), tokens));
    }
}

#[test]
fn norms_are_the_definition() {
    let width = 80;
    let (x, y) = (numbers(11, 3 * width, 4.0), numbers(12, 3 * width, 4.0));
    let (weight, bias) = (numbers(13, width, 1.0), numbers(14, width, 1.0));
    let (w, b) = (lanes_of(&weight), lanes_of(&bias));
    let alone = flat(&on_all(|backend| {
        let mut x = lanes_of(&x);
        norm(backend, &mut x, &w, &b, 1e-12);
        x
    }));
    let added = flat(&on_all(|backend| {
        let mut x = lanes_of(&x);
        add_norm(backend, &mut x, &lanes_of(&y), &w, &b, 1e-12);
        x
    }));
    for (got, add) in [(alone, 0.0), (added, 1.0)] {
        for row in 0..3 {
            let sum = |i: usize| f64::from(x[row * width + i]) + add * f64::from(y[row * width + i]);
            let mean = (0..width).map(sum).sum::<f64>() / width as f64;
            let variance = (0..width).map(|i| (sum(i) - mean).powi(2)).sum::<f64>() / width as f64;
            for i in 0..width {
                let want =
                    (sum(i) - mean) / (variance + 1e-12).sqrt() * f64::from(weight[i]) + f64::from(bias[i]);
                assert!((f64::from(got[row * width + i]) - want).abs() < 1e-5);
            }
        }
    }
}

#[test]
fn pooling_and_length() {
    let x = numbers(15, 7 * 48, 2.0);
    let pooled = on_all(|backend| {
        let mut out = vec![Lanes::default(); 3];
        mean_pool(backend, &lanes_of(&x), &mut out);
        out
    });
    for (i, got) in flat(&pooled).into_iter().enumerate() {
        let want = x.chunks(48).fold(0.0, |sum: f32, row| sum + row[i]) / 7.0;
        assert_eq!(got.to_bits(), want.to_bits());
    }
    let unit = flat(&on_all(|backend| {
        let mut x = pooled.clone();
        normalize(backend, &mut x);
        x
    }));
    assert!((unit.iter().map(|x| f64::from(x * x)).sum::<f64>() - 1.0).abs() < 1e-6);
    let zero = on_all(|backend| {
        let mut x = vec![Lanes::default(); 2];
        normalize(backend, &mut x);
        x
    });
    assert_eq!(zero, vec![Lanes::default(); 2]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the floats, zeros of both signs and tiny ones among them, all processors agree.
    #[test]
    fn all_backends_agree(
        values in prop::collection::vec(prop_oneof![-9.0f32..9.0, Just(0.0), Just(-0.0), -1e-35f32..1e-35, -3e4f32..3e4], 96..=96),
        tokens in 1usize..3,
    ) {
        let x = lanes_of(&values);
        on_all(|backend| {
            let mut x = x.clone();
            gelu(backend, &mut x);
            x
        });
        on_all(|backend| {
            let mut out = vec![Lanes::default(); tokens];
            attend(backend, &mut Attention::default(), &x[..3 * tokens], 1, 16, &mut out);
            out
        });
        let (quantized, scales) = Int8Matrix::quantize(&values, 96);
        let matrix = Int8Matrix::new(96, 16, &quantized.repeat(16), &scales.repeat(16), &values[..16]);
        on_all(|backend| {
            let mut rows = Int8Rows::default();
            rows.quantize(backend, &x, 96);
            let mut out = vec![Lanes::default(); 1];
            matrix.multiply(backend, &rows, &mut out);
            out
        });
    }

    #[test]
    fn any_shape_of_int8_product(seed in 1u64..1000, rows in 0usize..21, width in 1usize..6, outputs in 1usize..9) {
        int8_product(seed, rows, 16 * width, 16 * outputs, 3.0);
    }
}
