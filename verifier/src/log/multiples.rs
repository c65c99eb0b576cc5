//! Tables of multiples of a point, so that multiplying it by a public scalar takes few doublings.
//!
//! ```text
//! scalar = d₀ + d₁·2^w + d₂·2^2w + …      signed digits of w bits, −2^(w−1) < d ≤ 2^(w−1)
//!
//!            column 0      column 1            …     one table for each column, of 1 to 2^(w−1) times 2^(36·column)·P
//! row 0      d₀            d₍36/w₎             …     a row is summed by one look-up and addition a column;
//! row 1      d₁            d₍36/w₎₊₁           …     between rows everything is doubled w times
//! ⋮
//! ```
//!
//! All tables are cut into rows over the same 36 bits, so that several products share their doublings: 33 instead of 253.
//! Not in constant time, hence for public values only: verification, never signing.

use alloc::{vec, vec::Vec};

use curve25519_dalek::{edwards::EdwardsPoint, scalar::Scalar, traits::Identity as _};

/// Doublings come in threes (`mul_by_cofactor`), and a column is twelve of them: 36 bits.
const STEPS: usize = 12;
const STEP_BITS: usize = 3;
/// Eight columns of 36 bits hold any scalar, which has 253, and the carry out of its last digit.
const COLUMNS: usize = 8;

/// The tables of one point.
pub(super) struct Multiples {
    /// How many steps make a digit; divides [`STEPS`].
    steps_per_digit: usize,
    /// Column after column, 1 to 2^(w−1) times its base.
    table: Vec<EdwardsPoint>,
}

impl Multiples {
    /// Digits of 6 bits, 40 KiB: for a key, of which there are many.
    pub(super) fn small(point: EdwardsPoint) -> Self {
        Self::new(point, 2)
    }

    /// Digits of 9 bits, 320 KiB: for the base point, which all keys share.
    pub(super) fn large(point: EdwardsPoint) -> Self {
        Self::new(point, 3)
    }

    fn new(point: EdwardsPoint, steps_per_digit: usize) -> Self {
        let mut multiples = Self { steps_per_digit, table: Vec::new() };
        let mut base = point;
        for _ in 0..COLUMNS {
            let mut multiple = base;
            for _ in 0..multiples.column_length() {
                multiples.table.push(multiple);
                multiple += base;
            }
            base = (0..STEPS).fold(base, |point, _| point.mul_by_cofactor());
        }
        multiples
    }

    const fn digit_bits(&self) -> usize {
        self.steps_per_digit * STEP_BITS
    }

    const fn column_length(&self) -> usize {
        1 << (self.digit_bits() - 1)
    }

    const fn rows(&self) -> usize {
        STEPS / self.steps_per_digit
    }

    /// The digits of a scalar, the least significant first.
    fn digits(&self, scalar: &Scalar) -> Vec<i32> {
        let bits = self.digit_bits();
        let mut digits = vec![0; self.rows() * COLUMNS];
        let mut carry = 0;
        for (number, digit) in digits.iter_mut().enumerate() {
            *digit = window(scalar.as_bytes(), number * bits, bits) + carry;
            carry = i32::from(*digit > 1 << (bits - 1));
            *digit -= carry << bits;
        }
        digits
    }

    /// Adds what the digits of one row stand for.
    fn add_row(&self, digits: &[i32], row: usize, sum: &mut EdwardsPoint) {
        let digits = digits.iter().skip(row).step_by(self.rows());
        for (column, &digit) in self.table.chunks_exact(self.column_length()).zip(digits) {
            let magnitude = digit.unsigned_abs() as usize;
            match digit.signum() {
                1 => *sum += &column[magnitude - 1],
                -1 => *sum -= &column[magnitude - 1],
                _ => {}
            }
        }
    }
}

/// The sum of each scalar times the point of its table, in variable time.
pub(super) fn sum_of_products(products: &[(&Scalar, &Multiples)]) -> EdwardsPoint {
    let products: Vec<_> = products.iter().map(|(scalar, multiples)| (multiples, multiples.digits(scalar))).collect();
    let mut sum = EdwardsPoint::identity();
    for step in (0..STEPS).rev() {
        if step + 1 < STEPS {
            sum = sum.mul_by_cofactor();
        }
        for (multiples, digits) in &products {
            if step.is_multiple_of(multiples.steps_per_digit) {
                multiples.add_row(digits, step / multiples.steps_per_digit, &mut sum);
            }
        }
    }
    sum
}

/// `bits` (at most 9) bits of a little-endian number, from bit `from` on; zeros beyond its end.
fn window(number: &[u8; 32], from: usize, bits: usize) -> i32 {
    let byte = |at: usize| i32::from(number.get(at).copied().unwrap_or(0));
    let two_bytes = byte(from / 8) | byte(from / 8 + 1) << 8;
    two_bytes >> (from % 8) & ((1 << bits) - 1)
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};

    use super::*;
    use crate::log::hash::sha256;

    #[test]
    fn products_are_those_of_the_curve_library() {
        let base = Multiples::large(ED25519_BASEPOINT_POINT);
        let extremes = [Scalar::ZERO, Scalar::ONE, -Scalar::ONE, -Scalar::from(2_u8), Scalar::from(u64::MAX)];
        // A point with a part of order eight: where "times ℓ" is not zero, digits must not be reduced.
        for torsion in EIGHT_TORSION {
            let point = EdwardsPoint::mul_base(&Scalar::from(77_u8)) + torsion;
            let multiples = Multiples::small(point);
            let random = (0..40_u8).map(|seed| Scalar::from_bytes_mod_order(sha256(&[seed]).0));
            for k in random.chain(extremes) {
                for s in [k, k * k, Scalar::ZERO, -Scalar::ONE] {
                    let expected = EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &point, &s);
                    assert_eq!(sum_of_products(&[(&k, &multiples), (&s, &base)]), expected);
                }
            }
        }
    }
}
