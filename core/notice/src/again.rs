//! When a letter is tried again: the delays of Standard Webhooks 1.0.0 ("Retry schedule"), spread so that not everybody comes at once.

/// Seconds before the second attempt, the third, …; after these a letter is given up, and kept.
pub const DELAYS: [u32; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// The longest wait that a receiver may ask for: a day.
const ASKED_MOST: u32 = 86_400;

/// Seconds until the next attempt after so many; `None`: no more.
///
/// `jitter`: from 0 to 1000, drawn by the caller; up to a fifth is added. `asked`: seconds that the receiver asked for (`Retry-After`):
/// never sooner than that.
#[must_use]
pub fn after(attempts: u32, jitter: u16, asked: Option<u32>) -> Option<u32> {
    let index = usize::try_from(attempts.max(1) - 1).ok()?;
    let delay = DELAYS.get(index)?;
    let spread = u64::from(*delay) * u64::from(jitter.min(1000)) / 5000;
    let delay = delay.saturating_add(u32::try_from(spread).unwrap_or(u32::MAX));
    Some(delay.max(asked.unwrap_or(0).min(ASKED_MOST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_grows_and_ends() {
        for (attempts, jitter, asked, expected) in [
            (0, 0, None, Some(5)),
            (1, 0, None, Some(5)),
            (1, 1000, None, Some(6)),
            (2, 0, None, Some(300)),
            (2, 1000, None, Some(360)),
            (2, u16::MAX, None, Some(360)),
            (2, 0, Some(30), Some(300)),
            (2, 0, Some(900), Some(900)),
            (2, 0, Some(u32::MAX), Some(86_400)),
            (9, 0, None, Some(86_400)),
            (10, 0, None, None),
            (10, 0, Some(5), None),
            (u32::MAX, 0, None, None),
        ] {
            assert_eq!(after(attempts, jitter, asked), expected, "{attempts} {jitter} {asked:?}");
        }
    }
}
