//! From a plan's waves to the question whether they can be carried out in time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{Demand, Question, Supply};
use crate::plan::{NoHours, Wave, open};
use crate::window::Interval;

/// How long a provider may take to deliver what it has accepted. Most take seconds; SES goes on trying for up to 14
/// hours, and what takes so long is late anyway.
const DELIVERY: SignedDuration = SignedDuration::from_hours(1);

/// How far back is looked to say how much earlier an approval was needed.
const BEFORE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How far behind the last deadline, to tell people late who could not be told in time.
const BEHIND: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Farther deadlines are not looked at now: nothing presses.
const FARTHEST: SignedDuration = SignedDuration::from_hours(120 * 24);

/// Asks whether what is left of each wave can be handed over in time. Waves that stand by, and those that no provider has
/// to take, are left out. Whatever region supplies a channel could serve everybody by it. What follows a canary that has
/// not gone yet has less time, by the pause for its receipts, whenever it is that somebody approves.
///
/// # Errors
/// Of a wave whose people have no hours at which they may be reached.
pub fn of_waves<'a>(
    left: impl IntoIterator<Item = (&'a Wave, u64)>,
    supplies: Vec<Supply>,
    settling: SignedDuration,
    (now, start): (Timestamp, Timestamp),
) -> Result<Question, NoHours> {
    let lanes: BTreeSet<_> = supplies.iter().map(|supply| (supply.region.clone(), supply.channel)).collect();
    let waves: Vec<(&Wave, u64)> = left
        .into_iter()
        .filter(|(wave, people)| {
            *people > 0 && !wave.stands_by && lanes.contains(&(wave.region.clone(), wave.channel))
        })
        .collect();
    let to_go: BTreeSet<u32> = waves.iter().map(|(wave, _)| wave.number).collect();
    let farthest = waves.iter().filter_map(|(wave, _)| wave.deadline).max().unwrap_or(now).max(start);
    let farthest = (farthest + BEHIND).min(now + FARTHEST);
    let mut demands: BTreeMap<_, Demand> = BTreeMap::new();
    for (wave, people) in waves {
        let pause = wave.after.filter(|after| to_go.contains(&after.wave)).map_or(0, |after| after.minutes);
        let pause = SignedDuration::from_mins(pause.into());
        let key =
            (wave.obligation, wave.channel, wave.region.clone(), wave.residence.clone(), wave.start, pause);
        if let Some(demand) = demands.get_mut(&key) {
            demand.people += people;
            continue;
        }
        let within = Interval::new(now - BEFORE, farthest);
        let open = within
            .map(|within| open(wave.window, wave.residence.as_ref(), within))
            .unwrap_or(Ok(Vec::new()))?;
        let demand = Demand {
            obligation: wave.obligation,
            regime: wave.regime.clone(),
            residence: wave.residence.as_ref().map(ToString::to_string).unwrap_or_default(),
            channel: wave.channel,
            region: wave.region.clone(),
            elsewhere: lanes
                .iter()
                .filter(|(region, channel)| *region != wave.region && *channel == wave.channel)
                .map(|(region, _)| region.clone())
                .collect(),
            people,
            earliest: wave.start,
            last: wave.deadline.map(|due| due - settling - DELIVERY - pause).filter(|last| *last < farthest),
            open,
        };
        demands.insert(key, demand);
    }
    Ok(Question { now, start, demands: demands.into_values().collect(), supplies })
}
