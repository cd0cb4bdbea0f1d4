//! A secret in shares, of which some are enough (Shamir 1979), over GF(2⁸) with the polynomial of AES, 0x11B. A share is as Vault and
//! OpenBao write theirs: a byte for each byte of the secret, and its x at the end.
//!
//! Nothing here branches on, or looks up by, what is secret.

use zeroize::Zeroizing;

use crate::Entropy;

/// A share: `y₁ … yₙ x`. It is not printed.
#[derive(PartialEq, Eq)]
#[expect(missing_debug_implementations, reason = "a part of a secret")]
pub struct Share(Zeroizing<Vec<u8>>);

/// Why there are no such shares, or they give nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "each is told in its own words")]
pub enum ShamirError {
    /// One is no threshold: a share would be the secret.
    #[error("2 shares at least must be needed, and no more than there are, which is 255 at most")]
    Threshold,
    /// Nothing to share, or too much.
    #[error("a secret of 1 to 64 bytes can be shared")]
    Length,
    /// The random bytes ended.
    #[error("there were not enough random bytes")]
    Entropy,
    /// Of other lengths.
    #[error("the shares are not of one secret: their lengths differ, or are none")]
    Mixed,
    /// The same one twice.
    #[error("a share came twice")]
    Twice,
    /// x = 0 would be the secret itself.
    #[error("what came is no share: its last byte is 0")]
    Zero,
    /// Not enough.
    #[error("2 shares at least are needed")]
    TooFew,
}

/// Secrets that are shared here are keys.
const SECRET_MAX: usize = 64;

impl Share {
    /// A share that was kept.
    ///
    /// # Errors
    /// [`ShamirError`] when it is none.
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Result<Self, ShamirError> {
        match bytes.last() {
            None => Err(ShamirError::Mixed),
            Some(0) => Err(ShamirError::Zero),
            Some(_) if bytes.len() < 2 || bytes.len() > SECRET_MAX + 1 => Err(ShamirError::Mixed),
            Some(_) => Ok(Self(bytes)),
        }
    }

    /// Its bytes, to be sealed to whoever holds it.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    fn x(&self) -> u8 {
        self.0.last().copied().unwrap_or_default()
    }

    fn ys(&self) -> &[u8] {
        self.0.split_last().map_or(&[], |(_, ys)| ys)
    }
}

/// Shares of a secret: so many, of which so many are enough.
///
/// # Errors
/// [`ShamirError`].
pub fn split(
    secret: &[u8],
    parts: u8,
    threshold: u8,
    entropy: &mut Entropy,
) -> Result<Vec<Share>, ShamirError> {
    if !(2..=parts).contains(&threshold) {
        return Err(ShamirError::Threshold);
    }
    if !(1..=SECRET_MAX).contains(&secret.len()) {
        return Err(ShamirError::Length);
    }
    let xs = places(parts, entropy).ok_or(ShamirError::Entropy)?;
    let mut shares: Vec<Zeroizing<Vec<u8>>> =
        xs.iter().map(|_| Zeroizing::new(Vec::with_capacity(secret.len() + 1))).collect();
    let mut polynomial = Zeroizing::new(vec![0; threshold.into()]);
    for byte in secret {
        // One polynomial for each byte: what it is at 0 is the byte.
        let (first, rest) = polynomial.split_first_mut().ok_or(ShamirError::Threshold)?;
        *first = *byte;
        entropy.fill(rest).ok_or(ShamirError::Entropy)?;
        for (share, x) in shares.iter_mut().zip(&xs) {
            share.push(evaluate(&polynomial, *x));
        }
    }
    for (share, x) in shares.iter_mut().zip(&xs) {
        share.push(*x);
    }
    Ok(shares.into_iter().map(Share).collect())
}

/// The secret of which these are shares. Too few of them, or shares of different secrets, give something else: whoever uses it notices.
///
/// # Errors
/// [`ShamirError`].
pub fn combine(shares: &[&Share]) -> Result<Zeroizing<Vec<u8>>, ShamirError> {
    let (first, rest) = shares.split_first().ok_or(ShamirError::TooFew)?;
    if rest.is_empty() {
        return Err(ShamirError::TooFew);
    }
    let length = first.ys().len();
    if rest.iter().any(|share| share.ys().len() != length) {
        return Err(ShamirError::Mixed);
    }
    let mut weights = Vec::new();
    for (place, share) in shares.iter().enumerate() {
        let others = || {
            shares.iter().enumerate().filter(move |(other, _)| *other != place).map(|(_, share)| share.x())
        };
        if others().any(|x| x == share.x()) {
            return Err(ShamirError::Twice);
        }
        // Lagrange's polynomial of this x, at 0. In GF(2⁸) minus is plus.
        let weight = others().fold(1, |weight, x| mul(weight, mul(x, inverse(x ^ share.x()))));
        weights.push(weight);
    }
    let mut secret = Zeroizing::new(vec![0; length]);
    for (share, weight) in shares.iter().zip(weights) {
        for (byte, y) in secret.iter_mut().zip(share.ys()) {
            *byte ^= mul(*y, weight);
        }
    }
    Ok(secret)
}

/// So many different x, none of them 0.
fn places(parts: u8, entropy: &mut Entropy) -> Option<Vec<u8>> {
    let mut left: Vec<u8> = (1..=255).collect();
    let mut xs = Vec::new();
    for _ in 0..parts {
        let draw = u32::from_be_bytes(*entropy.array::<4>()?);
        // An x is no secret: that some are a 2⁻²⁴ more likely tells nothing.
        let place = usize::try_from(draw.checked_rem(u32::try_from(left.len()).ok()?)?).ok()?;
        xs.push(left.swap_remove(place));
    }
    Some(xs)
}

fn evaluate(polynomial: &[u8], x: u8) -> u8 {
    polynomial.iter().rev().fold(0, |sum, coefficient| mul(sum, x) ^ coefficient)
}

/// Multiplication modulo x⁸+x⁴+x³+x+1, in as many steps whatever the factors are.
fn mul(left: u8, right: u8) -> u8 {
    let (mut left, mut product) = (left, 0_u8);
    for bit in 0..8 {
        // All ones, or none.
        product ^= left & (right >> bit & 1).wrapping_neg();
        left = (left << 1) ^ (0x1b & (left >> 7).wrapping_neg());
    }
    product
}

/// a²⁵⁴, which is 1/a; of 0 it is 0, which nobody asks for.
fn inverse(value: u8) -> u8 {
    // 254 is 0b1111_1110: the product of all squares but the first.
    let mut square = value;
    let mut product = 1;
    for _ in 0..7 {
        square = mul(square, square);
        product = mul(product, square);
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The product as it is learnt: a polynomial product, divided by 0x11B.
    fn plain(left: u8, right: u8) -> u8 {
        let mut product = 0_u16;
        for bit in 0..8 {
            if right >> bit & 1 == 1 {
                product ^= u16::from(left) << bit;
            }
        }
        for bit in (8..16).rev() {
            if product >> bit & 1 == 1 {
                product ^= 0x11b << (bit - 8);
            }
        }
        product as u8
    }

    #[test]
    fn all_products_and_inverses_are_right() {
        for left in 0..=255 {
            for right in 0..=255 {
                assert_eq!(mul(left, right), plain(left, right), "{left} {right}");
            }
            assert_eq!(mul(left, inverse(left)), u8::from(left != 0));
        }
    }

    fn shares(secret: &[u8], parts: u8, threshold: u8, seed: u8) -> Vec<Share> {
        split(secret, parts, threshold, &mut Entropy::new(&[seed; 32])).unwrap()
    }

    /// Every subset of every size, for all 2 ≤ m ≤ n ≤ 7: m and more restore, fewer do not.
    #[test]
    fn every_subset_that_is_large_enough_restores_and_no_other() {
        let secret: Vec<u8> = (0..32).collect();
        for parts in 2..=7_u8 {
            for threshold in 2..=parts {
                let shares = shares(&secret, parts, threshold, 3);
                for subset in 1_u32..1 << parts {
                    let chosen: Vec<&Share> = shares
                        .iter()
                        .enumerate()
                        .filter(|(at, _)| subset >> at & 1 == 1)
                        .map(|(_, share)| share)
                        .collect();
                    let restored = combine(&chosen).map(|restored| *restored == secret);
                    let expected = match chosen.len() {
                        1 => Err(ShamirError::TooFew),
                        count => Ok(count >= threshold.into()),
                    };
                    assert_eq!(restored, expected, "{subset:b} of {parts}, {threshold} needed");
                }
            }
        }
    }

    /// What m-1 shares have is as likely for every secret: with 1 of 2, each y of a share appears equally often over all random bytes.
    #[test]
    fn too_few_shares_tell_nothing() {
        for secret in [0_u8, 1, 0x53, 255] {
            let mut counts = [0_u32; 256];
            for draw in 0..=255_u8 {
                // The share at x = 7, for each coefficient that there is.
                counts[usize::from(evaluate(&[secret, draw], 7))] += 1;
            }
            assert!(counts.iter().all(|count| *count == 1), "{secret}");
        }
        // And the coefficients that are drawn are spread: χ² of 255 degrees of freedom is below 330 in 999 of 1,000 times.
        let mut counts = [0_f64; 256];
        let rounds = 400;
        for seed in 0..rounds {
            let mut random = [9; 32];
            random[..4].copy_from_slice(&u32::to_be_bytes(seed));
            let shares = split(&[0x42; 32], 3, 2, &mut Entropy::new(&random)).unwrap();
            shares[0].ys().iter().for_each(|y| counts[usize::from(*y)] += 1.0);
        }
        let expected = f64::from(rounds) * 32.0 / 256.0;
        let chi: f64 = counts.iter().map(|count| (count - expected).powi(2) / expected).sum();
        assert!(chi < 340.0, "{chi}");
    }

    /// The places differ and none is 0; the layout is Vault's: the x comes last.
    #[test]
    fn a_share_ends_with_its_place() {
        let shares = shares(b"ab", 255, 2, 1);
        let mut xs: Vec<u8> = shares.iter().map(Share::x).collect();
        assert!(shares.iter().all(|share| share.expose().len() == 3 && share.expose()[2] == share.x()));
        xs.sort_unstable();
        assert_eq!(xs, (1..=255).collect::<Vec<u8>>());
    }

    /// Worked by hand: f(x) = 0x41 + 0x02·x at 1 and 2 is 0x43 and 0x45.
    #[test]
    fn shares_of_another_program_are_combined() {
        let share = |bytes: &[u8]| Share::new(Zeroizing::new(bytes.to_vec())).unwrap();
        let (one, two) = (share(&[0x43, 1]), share(&[0x45, 2]));
        assert_eq!(*combine(&[&one, &two]).unwrap(), [0x41]);
        assert_eq!(*combine(&[&two, &one]).unwrap(), [0x41]);
    }

    #[test]
    fn what_is_no_share_or_threshold_is_refused() {
        let entropy = || Entropy::new(&[1; 32]);
        for (parts, threshold) in [(0, 0), (1, 1), (3, 1), (2, 3), (0, 2)] {
            assert_eq!(split(b"x", parts, threshold, &mut entropy()).err(), Some(ShamirError::Threshold));
        }
        assert_eq!(split(b"", 3, 2, &mut entropy()).err(), Some(ShamirError::Length));
        assert_eq!(split(&[1; 65], 3, 2, &mut entropy()).err(), Some(ShamirError::Length));
        assert_eq!(split(&[1; 64], 255, 255, &mut entropy()).err(), Some(ShamirError::Entropy));
        let made = |bytes: &[u8]| Share::new(Zeroizing::new(bytes.to_vec()));
        assert_eq!(made(&[1, 0]).err(), Some(ShamirError::Zero));
        assert_eq!(made(&[]).err(), Some(ShamirError::Mixed));
        assert_eq!(made(&[1]).err(), Some(ShamirError::Mixed));
        let (one, two, long) = (made(&[1, 2]).unwrap(), made(&[3, 2]).unwrap(), made(&[1, 2, 3]).unwrap());
        assert_eq!(combine(&[&one, &two]).err(), Some(ShamirError::Twice));
        assert_eq!(combine(&[&one, &long]).err(), Some(ShamirError::Mixed));
        assert_eq!(combine(&[&one]).err(), Some(ShamirError::TooFew));
        assert_eq!(combine(&[]).err(), Some(ShamirError::TooFew));
    }
}
