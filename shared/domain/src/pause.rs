//! When a wave is stopped because of its bounces or complaints. A provider that sees too many of either stops the whole
//! account, and with it every notice of every tenant.
//!
//! SES puts an account under review from 5 % of hard bounces or 0.1 % of complaints on, and may pause its sending from
//! 10 % or 0.5 % on: <https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html>

use std::fmt;

use serde::{Deserialize, Serialize};

/// One complaint alone is nobody's pattern, however small the wave.
const FEWEST_COMPLAINTS: u64 = 2;

/// What became of a wave's notices, each counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    pub accepted: u64,
    /// Hard bounces.
    pub bounced: u64,
    pub complained: u64,
}

/// An installation's limits: a wave that passes one is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub bounces_per_mille: u32,
    pub complaints_per_mille: u32,
    /// Of fewer notices than this no share is reckoned: they count as so many.
    pub sample: u32,
}

/// A stop of one wave, and the figures for which it was stopped or let go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    pub figures: Figures,
    /// A person let it go on: what stands in the figures is not held against it again.
    pub lifted: bool,
}

impl Figures {
    /// What came since.
    pub fn since(&self, before: &Figures) -> Figures {
        Figures {
            accepted: self.accepted.saturating_sub(before.accepted),
            bounced: self.bounced.saturating_sub(before.bounced),
            complained: self.complained.saturating_sub(before.complained),
        }
    }

    pub fn pass(&self, limits: &Limits) -> bool {
        let of = self.accepted.max(limits.sample.into());
        let above = |count: u64, limit: u32| u128::from(count) * 1000 > u128::from(of) * u128::from(limit);
        above(self.bounced, limits.bounces_per_mille)
            || (self.complained >= FEWEST_COMPLAINTS && above(self.complained, limits.complaints_per_mille))
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures { accepted, bounced, complained } = self;
        write!(
            f,
            "of {accepted} notices that the provider took, {bounced} bounced for good and {complained} were complained about"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_passed_above_it_and_never_by_a_few() {
        let limits = Limits { bounces_per_mille: 50, complaints_per_mille: 1, sample: 200 };
        for (accepted, bounced, complained, passes) in [
            (0, 0, 0, false),
            (20, 10, 0, false),
            (20, 11, 0, true),
            (200, 10, 0, false),
            (200, 11, 0, true),
            (1000, 50, 0, false),
            (1000, 51, 0, true),
            (300, 0, 1, false),
            (300, 0, 2, true),
            (2000, 0, 2, false),
            (1999, 0, 2, true),
            (u64::MAX, u64::MAX, 0, true),
        ] {
            let figures = Figures { accepted, bounced, complained };
            assert_eq!(figures.pass(&limits), passes, "{figures:?}");
        }
    }

    #[test]
    fn what_was_looked_at_is_not_held_against_a_wave_again() {
        let limits = Limits { bounces_per_mille: 50, complaints_per_mille: 1, sample: 200 };
        let before = Figures { accepted: 400, bounced: 40, complained: 0 };
        assert!(before.pass(&limits) && !before.since(&before).pass(&limits));
        let later = Figures { accepted: 800, bounced: 59, complained: 0 };
        assert!(later.pass(&limits) && !later.since(&before).pass(&limits));
        assert!(Figures { bounced: 61, ..later }.since(&before).pass(&limits));
    }
}
