//! When a wave is stopped because of its trouble: bounces, complaints, and what the provider refuses. A provider that sees
//! too many bounces or complaints stops the whole account, and with it every notice of every tenant; and a canary wave
//! goes first so that what is wrong with a letter or its addresses befalls a few.
//!
//! SES puts an account under review from 5 % of hard bounces or 0.1 % of complaints on, and may pause its sending from
//! 10 % or 0.5 % on: <https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html>

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::chunk::{ChunkState, Entry};
use crate::plan::Channel;
use crate::receipt::{Reach, Unreachable};

/// One complaint alone is nobody's pattern, however small the wave.
const FEWEST_COMPLAINTS: u64 = 2;

/// What became of a wave's notices, each counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Taken by the provider, and not refused later.
    pub accepted: u64,
    /// Refused for good by the provider: when it was handed over, or later, because it was rejected or could not be
    /// rendered.
    #[serde(default)]
    pub refused: u64,
    /// Hard bounces.
    pub bounced: u64,
    pub complained: u64,
}

/// What receipts hold against one notice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trouble {
    /// Rejected, or not rendered.
    pub refused: bool,
    /// For good.
    pub bounced: bool,
    pub complained: bool,
}

/// An installation's limits: a wave that passes one is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of bounces and refusals together.
    pub bounces_per_mille: u32,
    pub complaints_per_mille: u32,
    /// Of fewer notices than this no share is reckoned: they count as so many.
    pub sample: u32,
}

impl Limits {
    /// A canary wave is judged by its own size, however small: it is the sample.
    pub fn of_canary(self, notices: u64) -> Self {
        Self { sample: u32::try_from(notices).unwrap_or(u32::MAX), ..self }
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the limits are {} and {} in a thousand", self.bounces_per_mille, self.complaints_per_mille)
    }
}

/// A stop of one wave, and the figures for which it was stopped or let go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    pub figures: Figures,
    /// A person let it go on: what stands in the figures is not held against it again.
    pub lifted: bool,
}

impl Figures {
    /// Counts one notice, by the provider's own answer and by what receipts hold against it. A bounce outweighs a refusal.
    pub fn add(&mut self, entry: &Entry, trouble: Trouble) {
        let (is_accepted, is_refused) = match entry {
            Entry::Accepted(_) | Entry::Vouched => (true, false),
            Entry::Refused(_) => (false, true),
            Entry::Waiting
            | Entry::Throttled(_)
            | Entry::Withheld(_)
            | Entry::InDoubt
            | Entry::Repeat
            | Entry::FoundUnsent
            | Entry::StandsBy => (false, false),
        };
        let is_refused = (is_refused || trouble.refused) && !trouble.bounced;
        self.accepted += u64::from(is_accepted && !is_refused);
        self.refused += u64::from(is_refused);
        self.bounced += u64::from(trouble.bounced);
        self.complained += u64::from(trouble.complained);
    }

    /// What came since.
    pub fn since(&self, before: &Figures) -> Figures {
        Figures {
            accepted: self.accepted.saturating_sub(before.accepted),
            refused: self.refused.saturating_sub(before.refused),
            bounced: self.bounced.saturating_sub(before.bounced),
            complained: self.complained.saturating_sub(before.complained),
        }
    }

    pub fn pass(&self, limits: &Limits) -> bool {
        let handed_over = u128::from(self.accepted) + u128::from(self.refused);
        let of = handed_over.max(limits.sample.into());
        let above = |count: u128, limit: u32| count * 1000 > of * u128::from(limit);
        above(u128::from(self.bounced) + u128::from(self.refused), limits.bounces_per_mille)
            || (self.complained >= FEWEST_COMPLAINTS
                && above(self.complained.into(), limits.complaints_per_mille))
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures { accepted, refused, bounced, complained } = self;
        write!(
            f,
            "of {accepted} notices that the provider took, {bounced} bounced for good and {complained} were complained \
             about; {refused} more it refused"
        )
    }
}

/// What is known of a canary wave when its receipts had their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CanaryFigures {
    pub channel: Channel,
    pub chunks: u64,
    /// Of them, those that have no end yet: to go, to go again, being handed over, or in doubt.
    pub unended: u64,
    pub notices: u64,
    /// Of them, those of which a last word came.
    pub heard_of: u64,
    pub figures: Figures,
}

impl CanaryFigures {
    pub fn of(channel: Channel) -> Self {
        Self { channel, chunks: 0, unended: 0, notices: 0, heard_of: 0, figures: Figures::default() }
    }

    /// Counts a chunk.
    pub fn add_chunk(&mut self, state: ChunkState) {
        self.chunks += 1;
        self.unended += match state {
            ChunkState::Accepted => 0,
            ChunkState::Planned
            | ChunkState::Due
            | ChunkState::HandingOver
            | ChunkState::Refused
            | ChunkState::Undecided => 1,
        };
    }

    /// Counts a notice. Of what was withheld nothing is heard: it never went.
    pub fn add_notice(&mut self, reach: &Reach) {
        self.notices += 1;
        self.heard_of += match reach {
            Reach::Reached(_)
            | Reach::Unreachable(
                Unreachable::Bounced | Unreachable::NeverSent | Unreachable::RefusedByProvider,
            ) => 1,
            Reach::Unreachable(Unreachable::Withheld | Unreachable::NoLawfulAddress)
            | Reach::Pending
            | Reach::Undecided => 0,
        };
    }

    /// Whether the wave behind the canary goes by itself: every chunk of the canary has its end, a last word came of half
    /// of its notices at least where the channel's provider gives one, and mail is not in trouble.
    pub fn clears(&self, limits: &Limits) -> Result<(), Unclear> {
        let Self { channel, chunks, unended, notices, heard_of, figures } = *self;
        if unended > 0 {
            return Err(Unclear::Unended { unended, chunks });
        }
        if channel == Channel::Email && figures.pass(&limits.of_canary(notices)) {
            return Err(Unclear::Trouble { figures, limits: *limits });
        }
        if channel.reports_arrival() && u128::from(heard_of) * 2 < notices.into() {
            return Err(Unclear::Unheard { heard_of, notices });
        }
        Ok(())
    }
}

/// Why the wave behind a canary does not go by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    #[error(
        "{unended} of the {chunks} chunks of its canary have no end: they were refused, are in doubt, or are still being \
         handed over"
    )]
    Unended { unended: u64, chunks: u64 },
    #[error("its canary: {figures}; {limits}")]
    Trouble { figures: Figures, limits: Limits },
    #[error("of {heard_of} of the {notices} notices of its canary alone it is known how they ended")]
    Unheard { heard_of: u64, notices: u64 },
}

impl Unclear {
    /// What a person has to find out.
    pub fn find_out(&self) -> &'static str {
        match self {
            Unclear::Unended { .. } => {
                "Find out from the log why the provider did not take them, and whether it would take these"
            }
            Unclear::Trouble { .. } => TROUBLE,
            Unclear::Unheard { .. } => {
                "Find out whether they arrived, and why the provider's reports do not come in"
            }
        }
    }
}

/// What a person has to find out about a wave in trouble.
pub const TROUBLE: &str = "Find out whether the addresses are old, the letter is taken for an attack, or the provider \
                           refuses it, before the provider stops the account";

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { bounces_per_mille: 50, complaints_per_mille: 1, sample: 200 };

    #[test]
    fn a_limit_is_passed_above_it_and_never_by_a_few() {
        for (accepted, refused, bounced, complained, passes) in [
            (0, 0, 0, 0, false),
            (20, 0, 10, 0, false),
            (20, 0, 11, 0, true),
            (200, 0, 10, 0, false),
            (200, 0, 11, 0, true),
            (1000, 0, 50, 0, false),
            (1000, 0, 51, 0, true),
            (0, 10, 0, 0, false),
            (0, 11, 0, 0, true),
            (990, 10, 40, 0, false),
            (990, 10, 41, 0, true),
            (300, 0, 0, 1, false),
            (300, 0, 0, 2, true),
            (2000, 0, 0, 2, false),
            (1999, 0, 0, 2, true),
            (u64::MAX, u64::MAX, u64::MAX, 0, true),
        ] {
            let figures = Figures { accepted, refused, bounced, complained };
            assert_eq!(figures.pass(&LIMITS), passes, "{figures:?}");
        }
    }

    #[test]
    fn a_canary_is_judged_by_its_own_size() {
        for (notices, accepted, refused, bounced, complained, passes) in [
            (20, 20, 0, 1, 0, false),
            (20, 20, 0, 2, 0, true),
            (20, 0, 2, 0, 0, true),
            (20, 5, 0, 1, 0, false),
            (20, 20, 0, 0, 1, false),
            (20, 20, 0, 0, 2, true),
            (1000, 1000, 0, 50, 0, false),
            (1000, 1000, 0, 51, 0, true),
            (u64::MAX, 1, 0, 1, 0, false),
        ] {
            let figures = Figures { accepted, refused, bounced, complained };
            assert_eq!(figures.pass(&LIMITS.of_canary(notices)), passes, "{figures:?} of {notices}");
        }
    }

    #[test]
    fn each_notice_counts_once() {
        let (accepted, refused) = (Entry::Accepted("id".to_owned()), Entry::Refused("no".to_owned()));
        let none = Trouble::default();
        let (rejected, bounced) = (Trouble { refused: true, ..none }, Trouble { bounced: true, ..none });
        for (entry, trouble, expected) in [
            (&accepted, none, [1, 0, 0, 0]),
            (&Entry::Vouched, none, [1, 0, 0, 0]),
            (&refused, none, [0, 1, 0, 0]),
            (&accepted, rejected, [0, 1, 0, 0]),
            (&accepted, bounced, [1, 0, 1, 0]),
            (&accepted, Trouble { refused: true, ..bounced }, [1, 0, 1, 0]),
            (&accepted, Trouble { complained: true, ..none }, [1, 0, 0, 1]),
            (&Entry::InDoubt, bounced, [0, 0, 1, 0]),
            (&Entry::Waiting, none, [0; 4]),
            (&Entry::Throttled(String::new()), none, [0; 4]),
            (&Entry::Withheld(String::new()), none, [0; 4]),
        ] {
            let mut figures = Figures::default();
            figures.add(entry, trouble);
            let Figures { accepted, refused, bounced, complained } = figures;
            assert_eq!([accepted, refused, bounced, complained], expected, "{entry:?} {trouble:?}");
        }
    }

    #[test]
    fn what_was_looked_at_is_not_held_against_a_wave_again() {
        let before = Figures { accepted: 390, refused: 10, bounced: 30, complained: 0 };
        assert!(before.pass(&LIMITS) && !before.since(&before).pass(&LIMITS));
        let later = Figures { accepted: 785, refused: 15, bounced: 44, complained: 0 };
        assert!(later.pass(&LIMITS) && !later.since(&before).pass(&LIMITS));
        assert!(Figures { bounced: 46, ..later }.since(&before).pass(&LIMITS));
    }

    #[test]
    fn the_wave_behind_a_canary_goes_when_the_canary_ended_and_was_heard_of() {
        let figures = Figures { accepted: 20, ..Figures::default() };
        let all = CanaryFigures {
            channel: Channel::Email,
            chunks: 2,
            unended: 0,
            notices: 20,
            heard_of: 20,
            figures,
        };
        let bounced = |bounced| CanaryFigures { figures: Figures { bounced, ..figures }, ..all };
        let unheard = |heard_of| Err(Unclear::Unheard { heard_of, notices: 20 });
        for (known, expected) in [
            (all, Ok(())),
            (CanaryFigures { heard_of: 10, ..all }, Ok(())),
            (CanaryFigures { heard_of: 9, ..all }, unheard(9)),
            (CanaryFigures { heard_of: 0, ..all }, unheard(0)),
            (CanaryFigures { heard_of: 0, channel: Channel::Sms, ..all }, unheard(0)),
            (CanaryFigures { heard_of: 0, channel: Channel::InApp, ..all }, Ok(())),
            (CanaryFigures { heard_of: 0, channel: Channel::Letter, ..all }, Ok(())),
            (CanaryFigures { unended: 1, ..all }, Err(Unclear::Unended { unended: 1, chunks: 2 })),
            (
                CanaryFigures { unended: 1, channel: Channel::Letter, ..all },
                Err(Unclear::Unended { unended: 1, chunks: 2 }),
            ),
            (bounced(1), Ok(())),
            (bounced(2), Err(Unclear::Trouble { figures: bounced(2).figures, limits: LIMITS })),
            (CanaryFigures { channel: Channel::Sms, ..bounced(10) }, Ok(())),
        ] {
            assert_eq!(known.clears(&LIMITS), expected, "{known:?}");
        }
    }

    #[test]
    fn a_canary_is_heard_of_by_last_words_and_ended_by_answers_alone() {
        let mut known = CanaryFigures::of(Channel::Email);
        for (state, unended) in [
            (ChunkState::Accepted, 0),
            (ChunkState::Planned, 1),
            (ChunkState::Due, 2),
            (ChunkState::HandingOver, 3),
            (ChunkState::Refused, 4),
            (ChunkState::Undecided, 5),
        ] {
            known.add_chunk(state);
            assert_eq!(known.unended, unended, "{state:?}");
        }
        for (reach, heard_of) in [
            (Reach::Reached(jiff::Timestamp::UNIX_EPOCH), 1),
            (Reach::Unreachable(Unreachable::Bounced), 2),
            (Reach::Unreachable(Unreachable::NeverSent), 3),
            (Reach::Unreachable(Unreachable::RefusedByProvider), 4),
            (Reach::Unreachable(Unreachable::Withheld), 4),
            (Reach::Pending, 4),
            (Reach::Undecided, 4),
        ] {
            known.add_notice(&reach);
            assert_eq!(known.heard_of, heard_of, "{reach:?}");
        }
        assert_eq!((known.chunks, known.notices), (6, 7));
    }
}
