//! How fast each provider is handed messages, and whose turn it is: one item a lane, which every sender of every region
//! shares. The arithmetic stands in `tocsin_domain::pace`.
//!
//! A turn is one addition to the instant until which turns are given, with no condition that another sender's turn could
//! break: fifty senders do not get in each other's way. An addition whose answer is lost may happen twice, and loses a
//! turn, which is time and nothing else.

use jiff::{SignedDuration, Timestamp};
use tocsin_domain::outcome::Halt;
use tocsin_domain::pace::{CREDIT, Lane, PATIENCE, faster, slower, span};

use super::{missing, overtaken, unreadable};
use crate::table::{Attributes, Condition, Item, Key, ReadHome, Test, Value, Write, WriteError, WriteHome};

/// Turns are given until this instant, in microseconds since 1970.
const TAKEN: &str = "taken";

/// A lane as the store has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Messages a second.
    pub a_second: u32,
    /// What the provider grants, as it was last heard.
    granted: u32,
    /// How far `dispatch` has laid messages out.
    pub laid_until: Timestamp,
    taken: Timestamp,
}

/// When a sender may hand over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Not before this instant, which is near.
    At(Timestamp),
    /// No turn is near, and none was given.
    Full,
}

/// `None` when nobody has said yet what the provider takes.
pub async fn get(ports: &impl ReadHome, lane: &Lane) -> Result<Option<Pace>, Halt> {
    ports.get(&key(lane)).await?.map(|item| read(&item)).transpose()
}

/// Says what a provider grants. A lane that was throttled although it kept to that comes back to it by hundredths.
pub async fn grant(
    ports: &(impl ReadHome + WriteHome),
    lane: &Lane,
    granted: u32,
    now: Timestamp,
) -> Result<Pace, Halt> {
    let was = get(ports, lane).await?;
    let pace = match was {
        Some(was) if was.granted == granted => Pace { a_second: faster(was.a_second, granted), ..was },
        Some(was) => Pace { a_second: granted, granted, ..was },
        None => Pace { a_second: granted, granted, laid_until: now, taken: now },
    };
    let mut set = rates(pace.a_second, granted);
    let only_if = match was {
        // A sender that had to slow down meanwhile keeps its word.
        Some(was) => Condition::Present(vec![Test::Is("a_second", Value::Number(was.a_second.into()))]),
        None => {
            set.insert("laid_until", Value::Number(now.as_microsecond()));
            set.insert(TAKEN, Value::Number(now.as_microsecond()));
            Condition::Absent
        }
    };
    if was == Some(pace) {
        return Ok(pace);
    }
    let write = Write::Update { key: key(lane), set, remove: Vec::new(), only_if };
    match ports.write(vec![write]).await {
        Ok(()) => Ok(pace),
        Err(WriteError::Refused(_)) => get(ports, lane).await?.ok_or_else(|| missing("the pace of a lane")),
        Err(WriteError::Port(error)) => Err(error.into()),
    }
}

/// Remembers how far messages are laid out. The next round lays its own behind them.
pub async fn laid(ports: &impl WriteHome, lane: &Lane, until: Timestamp) -> Result<(), Halt> {
    let write = Write::Update {
        key: key(lane),
        set: Attributes::from([("laid_until", Value::Number(until.as_microsecond()))]),
        remove: Vec::new(),
        only_if: Condition::Present(Vec::new()),
    };
    ports.write(vec![write]).await.map_err(overtaken)
}

/// Takes the next turn for so many messages.
pub async fn take(
    ports: &impl WriteHome,
    lane: &Lane,
    pace: &Pace,
    messages: u64,
    now: Timestamp,
) -> Result<Turn, Halt> {
    let span = span(messages, pace.a_second);
    let idle = (now - CREDIT).as_microsecond();
    if pace.taken.as_microsecond() <= idle {
        // Nobody sent for a while: turns begin anew. Of several who find it so, one begins, and the others follow it.
        let set = Attributes::from([(TAKEN, Value::Number((now + span).as_microsecond()))]);
        let only_if = Condition::Present(vec![Test::AtMost(TAKEN, idle)]);
        let begin = Write::Update { key: key(lane), set, remove: Vec::new(), only_if };
        match ports.write(vec![begin]).await {
            Ok(()) => return Ok(Turn::At(now)),
            Err(WriteError::Refused(_)) => {}
            Err(WriteError::Port(error)) => return Err(error.into()),
        }
    }
    let only_if = Condition::Present(vec![
        Test::Above(TAKEN, idle),
        Test::AtMost(TAKEN, (now + PATIENCE).as_microsecond()),
    ]);
    match ports.add(&key(lane), TAKEN, micros(span), only_if).await {
        Ok(until) => {
            let until =
                Timestamp::from_microsecond(until).map_err(|_| Halt::Again("no such time".to_owned()))?;
            Ok(Turn::At((until - span).max(now)))
        }
        Err(WriteError::Refused(_)) => Ok(Turn::Full),
        Err(WriteError::Port(error)) => Err(error.into()),
    }
}

/// A provider throttled us: from now on slower, as slowly as it says it grants where that is known, and not at all for
/// a second. Of several who were throttled at the same rate, one slows down for all.
pub async fn slow_down(
    ports: &impl WriteHome,
    lane: &Lane,
    pace: &Pace,
    granted: Option<u32>,
) -> Result<(), Halt> {
    let set = match granted {
        Some(granted) if granted < pace.a_second => rates(granted, granted),
        Some(_) | None => rates(slower(pace.a_second), pace.granted),
    };
    let write = Write::Update {
        key: key(lane),
        set,
        remove: Vec::new(),
        only_if: Condition::Present(vec![Test::Is("a_second", Value::Number(pace.a_second.into()))]),
    };
    match ports.write(vec![write]).await {
        Ok(()) => {}
        Err(WriteError::Refused(_)) => return Ok(()),
        Err(WriteError::Port(error)) => return Err(error.into()),
    }
    ports
        .add(&key(lane), TAKEN, micros(SignedDuration::from_secs(1)), Condition::Present(Vec::new()))
        .await
        .map_err(overtaken)?;
    Ok(())
}

fn rates(a_second: u32, granted: u32) -> Attributes {
    Attributes::from([
        ("a_second", Value::Number(a_second.into())),
        ("granted", Value::Number(granted.into())),
    ])
}

fn read(item: &Item) -> Result<Pace, Halt> {
    let number = |name| item.number(name).ok_or_else(|| unreadable(item));
    let rate = |name| number(name)?.try_into().map_err(|_| unreadable(item));
    let instant = |name| Timestamp::from_microsecond(number(name)?).map_err(|_| unreadable(item));
    Ok(Pace {
        a_second: rate("a_second")?,
        granted: rate("granted")?,
        laid_until: instant("laid_until")?,
        taken: instant(TAKEN)?,
    })
}

fn micros(span: SignedDuration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

fn key(lane: &Lane) -> Key {
    Key::new("@pace".to_owned(), lane.to_string())
}
