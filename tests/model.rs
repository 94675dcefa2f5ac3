//! The chunk machine, explored whole: three workers, two chunks of one notice each, one must-reach and one
//! never-twice, and everything else in any order: messages doubled and lost, workers that stall and die, answers and
//! events that are lost, leases that run out, settlements, a hold, a release, a cancel.
//!
//! The states, the transitions and the decisions are the product's own (`tocsin_domain::chunk`, `receipt`). What is
//! modelled is who may do what when. At most three things go wrong, in any places, so that every story has an end,
//! and every end can be judged.

use std::collections::BTreeSet;

use jiff::Timestamp;
use stateright::{Checker, HasDiscoveries, Model, Property};
use tocsin_domain::chunk::{ChunkEvent, ChunkState, Entry, end_of_doubt, event_of_answers};
use tocsin_domain::plan::Settling;
use tocsin_domain::receipt::{Fact, Receipt, with_evidence};

const WORKERS: usize = 3;

const CHUNKS: [Settling; 2] = [Settling::MustReach, Settling::NeverTwice];

/// What holds, each with the guard without which it does not.
const ONCE: &str = "no notice is handed over twice unless a settlement said so";
const STOPPED: &str = "nothing is claimed after a hold or cancel was acknowledged";
const TOLD: &str = "what counts as accepted went out";
const NEEDLESS: &str = "a copy is neither decided on nor taken up once its event is known";
const ENDED: &str = "every story ends with every chunk accepted, or cancelled";

/// A guard of the machine that can be left out, to see what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// A claim checks the state.
    State,
    /// A claim and a stored answer check the attempt.
    Attempt,
    /// A claim checks that nobody halted the incident.
    Gate,
    /// A lease that runs out frees nothing.
    Lease,
    /// An unknown answer is a doubt.
    Doubt,
    /// A planned chunk is queued again when its message is lost.
    Queue,
    /// A doubt that no policy ends is a question to a person.
    Question,
    /// What an event proves goes no more.
    Evidence,
}

struct Machine {
    without: Option<Guard>,
    /// How many things may go wrong.
    faults: u8,
}

/// An entry without its texts: small, so that many states fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Notice {
    Waiting,
    Accepted,
    Throttled,
    InDoubt,
    Repeat,
    Vouched,
    FoundUnsent,
}

impl Notice {
    fn entry(self) -> Entry {
        match self {
            Notice::Waiting => Entry::Waiting,
            Notice::Accepted => Entry::Accepted(String::new()),
            Notice::Throttled => Entry::Throttled(String::new()),
            Notice::InDoubt => Entry::InDoubt,
            Notice::Repeat => Entry::Repeat,
            Notice::Vouched => Entry::Vouched,
            Notice::FoundUnsent => Entry::FoundUnsent,
        }
    }

    fn of(entry: &Entry) -> Self {
        match entry {
            Entry::Waiting => Notice::Waiting,
            Entry::Accepted(_) => Notice::Accepted,
            Entry::Throttled(_) => Notice::Throttled,
            Entry::InDoubt => Notice::InDoubt,
            Entry::Repeat => Notice::Repeat,
            Entry::Vouched => Notice::Vouched,
            Entry::FoundUnsent => Notice::FoundUnsent,
            Entry::Refused(_) | Entry::Withheld(_) | Entry::StandsBy => {
                panic!("nobody refuses or withholds here")
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Chunk {
    state: ChunkState,
    attempt: u8,
    copies: u8,
    notice: Notice,
    /// On the queue.
    messages: u8,
    /// Marked as queued for good: where the guard is left out that queues it again.
    marked: bool,
    /// A person is asked.
    asked: bool,
    /// How often the provider took the notice, how often a settlement let it go again, and how many of the provider's
    /// events are on their way: what the product does not see.
    taken: u8,
    allowed: u8,
    events: u8,
    /// An event of it has come in.
    known: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Worker {
    Idle,
    /// It has read the chunk as it was.
    Read {
        chunk: usize,
        attempt: u8,
        notice: Notice,
    },
    Claimed {
        chunk: usize,
        attempt: u8,
        notice: Notice,
    },
    HandedOver {
        chunk: usize,
        attempt: u8,
        notice: Notice,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Incident {
    chunks: [Chunk; CHUNKS.len()],
    /// In no order: one is like the other.
    workers: [Worker; WORKERS],
    halt: Option<Stop>,
    /// A claim was won after a halt was acknowledged.
    claimed_while_halted: bool,
    /// A copy was decided on or taken up though its event was known.
    needless_copy: bool,
    /// How much may still go wrong, and how often somebody may still hold.
    faults: u8,
    holds: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Stop {
    Held,
    Cancelled,
}

/// How a call of the provider ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Taken,
    TakenAndLost,
    NotTakenAndLost,
    Throttled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finding {
    /// What the provider's log says.
    Truth,
    /// Wrong, where it was sent and an event of it is lost or late.
    NotSent,
    Again,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Dispatch(usize),
    Double(usize),
    Lose(usize),
    Take(usize, usize),
    Claim(usize),
    HandOver(usize, Answer),
    Store(usize),
    Crash(usize),
    Lapse(usize),
    Event(usize),
    LoseEvent(usize),
    Settle(usize),
    Person(usize, Finding),
    Hold,
    Release,
    Cancel,
}

impl Model for Machine {
    type State = Incident;
    type Action = Action;

    fn init_states(&self) -> Vec<Incident> {
        let chunk = Chunk {
            state: ChunkState::Planned,
            attempt: 0,
            copies: 0,
            notice: Notice::Waiting,
            messages: 0,
            marked: false,
            asked: false,
            taken: 0,
            allowed: 0,
            events: 0,
            known: false,
        };
        vec![Incident {
            chunks: [chunk, chunk],
            workers: [Worker::Idle; WORKERS],
            halt: None,
            claimed_while_halted: false,
            needless_copy: false,
            faults: self.faults,
            holds: 1,
        }]
    }

    fn actions(&self, now: &Incident, actions: &mut Vec<Action>) {
        for (place, chunk) in now.chunks.iter().enumerate() {
            self.of_chunk(now, place, chunk, actions);
        }
        for (place, worker) in now.workers.iter().enumerate() {
            // One idle worker is like the other.
            if now.workers.get(..place).is_some_and(|before| before.contains(worker)) {
                continue;
            }
            of_worker(now, place, worker, actions);
        }
        match now.halt {
            None => {
                if now.holds > 0 {
                    actions.push(Action::Hold);
                }
                actions.push(Action::Cancel);
            }
            Some(Stop::Held) => actions.extend([Action::Release, Action::Cancel]),
            Some(Stop::Cancelled) => {}
        }
    }

    fn next_state(&self, before: &Incident, action: Action) -> Option<Incident> {
        let mut now = before.clone();
        self.apply(&mut now, action);
        now.workers.sort();
        (now != *before).then_some(now)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ONCE, |_, now: &Incident| {
                now.chunks.iter().all(|chunk| chunk.taken <= 1 + chunk.allowed)
            }),
            Property::always(STOPPED, |_, now: &Incident| !now.claimed_while_halted),
            Property::always(TOLD, |_, now: &Incident| {
                now.chunks.iter().all(|chunk| chunk.state != ChunkState::Accepted || chunk.taken > 0)
            }),
            Property::always(NEEDLESS, |_, now: &Incident| !now.needless_copy),
            Property::always(ENDED, |machine: &Machine, now: &Incident| {
                let all = now.chunks.iter().all(|chunk| chunk.state == ChunkState::Accepted);
                now.halt == Some(Stop::Cancelled) || all || machine.goes_on(now)
            }),
            Property::sometimes("a lost answer is settled by its event", |machine, now: &Incident| {
                let chunk = &now.chunks[1];
                chunk.state == ChunkState::Accepted && chunk.known && now.faults < machine.faults
            }),
            Property::sometimes("a copy goes out", |_, now: &Incident| now.chunks[0].taken == 2),
            Property::sometimes("a hold comes between a claim and its call", |_, now: &Incident| {
                let claimed = |worker: &Worker| matches!(worker, Worker::Claimed { .. });
                now.halt == Some(Stop::Held) && now.workers.iter().any(claimed)
            }),
        ]
    }
}

impl Machine {
    fn has(&self, guard: Guard) -> bool {
        self.without != Some(guard)
    }

    /// Whether anything happens that nobody has to decide on but those who are asked or who held.
    fn goes_on(&self, now: &Incident) -> bool {
        let mut actions = Vec::new();
        self.actions(now, &mut actions);
        actions.retain(|action| !matches!(action, Action::Hold | Action::Cancel));
        actions.into_iter().any(|action| self.next_state(now, action).is_some())
    }

    fn of_chunk(&self, now: &Incident, place: usize, chunk: &Chunk, actions: &mut Vec<Action>) {
        let open = now.halt.is_none();
        let held_by = |holds: fn(&Worker, usize, u8) -> bool| {
            now.workers.iter().any(|worker| holds(worker, place, chunk.attempt))
        };
        match chunk.state {
            ChunkState::Planned | ChunkState::Due if open && chunk.messages == 0 && !chunk.marked => {
                // Whoever has its message may only be slow: that is something gone wrong.
                if now.faults > 0 || !held_by(has_read) {
                    actions.push(Action::Dispatch(place));
                }
            }
            ChunkState::Refused if open => actions.push(Action::Dispatch(place)),
            // A lease outlives the function of its worker: nobody is left who still has to hand over. That somebody is
            // who only has to store the answer is something gone wrong.
            ChunkState::HandingOver if !held_by(has_claimed) => {
                if now.faults > 0 || !held_by(has_handed_over) {
                    actions.push(Action::Lapse(place));
                }
            }
            ChunkState::Undecided => {
                actions.push(Action::Settle(place));
                if chunk.asked {
                    actions.push(Action::Person(place, Finding::Truth));
                    if chunk.allowed < 2 {
                        actions.push(Action::Person(place, Finding::NotSent));
                        actions.push(Action::Person(place, Finding::Again));
                    }
                }
            }
            ChunkState::Planned
            | ChunkState::Refused
            | ChunkState::Due
            | ChunkState::HandingOver
            | ChunkState::Accepted => {}
        }
        if chunk.messages > 0 {
            if now.faults > 0 {
                actions.push(Action::Double(place));
            }
            if now.faults > 0 {
                actions.push(Action::Lose(place));
            }
        }
        if chunk.events > 0 {
            actions.extend([Action::Event(place), Action::LoseEvent(place)]);
        }
    }

    fn apply(&self, now: &mut Incident, action: Action) {
        match action {
            Action::Dispatch(place) => {
                let attempt = now.chunks[place].attempt;
                let slow = now.workers.iter().any(|worker| has_read(worker, place, attempt));
                now.faults = now.faults.saturating_sub(u8::from(slow));
                self.dispatch(&mut now.chunks[place]);
            }
            Action::Double(place) => {
                now.chunks[place].messages += 1;
                now.faults -= 1;
            }
            Action::Lose(place) => {
                now.chunks[place].messages -= 1;
                now.faults -= 1;
            }
            Action::Take(worker, place) => self.take(now, worker, place),
            Action::Claim(worker) => self.claim(now, worker),
            Action::HandOver(worker, answer) => self.hand_over(now, worker, answer),
            Action::Store(worker) => self.store(now, worker),
            Action::Crash(worker) => crash(now, worker),
            Action::Lapse(place) => {
                let attempt = now.chunks[place].attempt;
                let slow = now.workers.iter().any(|worker| has_handed_over(worker, place, attempt));
                now.faults = now.faults.saturating_sub(u8::from(slow));
                self.lapse(&mut now.chunks[place]);
            }
            Action::Event(place) => {
                now.chunks[place].events -= 1;
                now.chunks[place].known = true;
            }
            Action::LoseEvent(place) => now.chunks[place].events -= 1,
            Action::Settle(place) => {
                let halted = now.halt.is_some();
                let chunk = &mut now.chunks[place];
                self.settle(chunk, CHUNKS[place], halted);
                now.needless_copy |= chunk.known && chunk.state == ChunkState::Due;
            }
            Action::Person(place, finding) => self.person(&mut now.chunks[place], finding),
            Action::Hold => {
                now.halt = Some(Stop::Held);
                now.holds -= 1;
            }
            Action::Release => now.halt = None,
            Action::Cancel => now.halt = Some(Stop::Cancelled),
        }
    }

    /// The first hand-over to the queue leaves no mark.
    fn dispatch(&self, chunk: &mut Chunk) {
        if chunk.state != ChunkState::Planned {
            step(chunk, ChunkEvent::Enqueue);
        }
        chunk.marked = !self.has(Guard::Queue);
        chunk.messages += 1;
    }

    /// A look only: the claim decides.
    fn take(&self, now: &mut Incident, worker: usize, place: usize) {
        let chunk = &mut now.chunks[place];
        chunk.messages -= 1;
        let looks_free = ChunkState::before(ChunkEvent::Claim).any(|state| state == chunk.state)
            || !self.has(Guard::State);
        if looks_free && now.halt.is_none() {
            let may_have_arrived = chunk.notice.entry().needs_a_last_look();
            let notice = if may_have_arrived { self.weighed(chunk) } else { chunk.notice };
            now.needless_copy |= may_have_arrived && chunk.known && notice.entry().goes_next();
            now.workers[worker] = Worker::Read { chunk: place, attempt: chunk.attempt, notice };
        }
    }

    fn claim(&self, now: &mut Incident, worker: usize) {
        let Worker::Read { chunk: place, attempt, notice } = now.workers[worker] else {
            return;
        };
        let chunk = &mut now.chunks[place];
        let to = chunk.state.after(ChunkEvent::Claim);
        let to = if self.has(Guard::State) { to } else { Some(ChunkState::HandingOver) };
        let as_read = attempt == chunk.attempt || !self.has(Guard::Attempt);
        let open = now.halt.is_none() || !self.has(Guard::Gate);
        let (Some(to), true, true) = (to, as_read, open) else {
            now.workers[worker] = Worker::Idle;
            return;
        };
        now.claimed_while_halted |= now.halt.is_some();
        (chunk.state, chunk.attempt) = (to, chunk.attempt + 1);
        now.workers[worker] = Worker::Claimed { chunk: place, attempt: chunk.attempt, notice };
    }

    fn hand_over(&self, now: &mut Incident, worker: usize, answer: Answer) {
        let Worker::Claimed { chunk: place, attempt, notice: was } = now.workers[worker] else {
            return;
        };
        let chunk = &mut now.chunks[place];
        let unknown = if self.has(Guard::Doubt) { Notice::InDoubt } else { Notice::Throttled };
        let (takes, says) = match answer {
            Answer::Taken => (true, Notice::Accepted),
            Answer::TakenAndLost => (true, unknown),
            Answer::NotTakenAndLost => (false, unknown),
            // What may have arrived may have arrived still.
            Answer::Throttled if was.entry().needs_a_last_look() => (false, was),
            Answer::Throttled => (false, Notice::Throttled),
        };
        let goes = was.entry().goes_next();
        if goes && takes {
            chunk.taken += 1;
            chunk.events += 1;
        }
        match answer {
            Answer::Taken => {}
            Answer::TakenAndLost | Answer::NotTakenAndLost => now.faults -= 1,
            Answer::Throttled => now.faults -= 1,
        }
        let notice = if goes { says } else { was };
        now.workers[worker] = Worker::HandedOver { chunk: place, attempt, notice };
    }

    fn store(&self, now: &mut Incident, worker: usize) {
        let Worker::HandedOver { chunk: place, attempt, notice } = now.workers[worker] else {
            return;
        };
        let chunk = &mut now.chunks[place];
        if attempt == chunk.attempt || !self.has(Guard::Attempt) {
            let event = event_of_answers(&[notice.entry()]);
            if step(chunk, event) {
                chunk.notice = notice;
            }
        }
        now.workers[worker] = Worker::Idle;
    }

    fn lapse(&self, chunk: &mut Chunk) {
        if !self.has(Guard::Lease) {
            chunk.state = ChunkState::Due;
        } else if step(chunk, ChunkEvent::Lapse) && chunk.notice.entry().goes_next() {
            chunk.notice = Notice::InDoubt;
        }
    }

    /// By evidence first, by the approved policy second.
    fn settle(&self, chunk: &mut Chunk, settling: Settling, halted: bool) {
        let notice = self.weighed(chunk);
        if let Some(event) = end_of_doubt(&[notice.entry()]) {
            if step(chunk, event) {
                chunk.notice = notice;
            }
            return;
        }
        if halted {
            return;
        }
        match settling {
            Settling::MustReach if chunk.copies == 0 => {
                step(chunk, ChunkEvent::SendAgain);
                chunk.copies += 1;
                chunk.allowed += 1;
                chunk.notice = Notice::Repeat;
            }
            Settling::MustReach | Settling::NeverTwice => chunk.asked = self.has(Guard::Question),
        }
    }

    fn person(&self, chunk: &mut Chunk, finding: Finding) {
        let notice = self.weighed(chunk);
        let found = match (notice, finding) {
            (Notice::InDoubt, Finding::Again) => Notice::Repeat,
            (Notice::InDoubt, Finding::Truth) if chunk.taken > 0 => Notice::Vouched,
            (Notice::InDoubt, Finding::Truth | Finding::NotSent) => Notice::FoundUnsent,
            (proven, _) => proven,
        };
        if let Some(event) = end_of_doubt(&[found.entry()])
            && step(chunk, event)
        {
            let wrong = found == Notice::FoundUnsent && chunk.taken > 0;
            chunk.allowed += u8::from(event == ChunkEvent::SendAgain || wrong);
            chunk.copies += u8::from(event == ChunkEvent::SendAgain);
            (chunk.notice, chunk.asked) = (found, false);
        }
    }

    /// The notice after what is known of it.
    fn weighed(&self, chunk: &Chunk) -> Notice {
        if !chunk.known || !self.has(Guard::Evidence) {
            return chunk.notice;
        }
        let receipt = Receipt {
            chunk: "0123456789abcdef0123456789abcdef-1-1-0".parse().expect("a chunk"),
            index: 0,
            attempt: u32::from(chunk.attempt),
            fact: Fact::Sent,
            at: Timestamp::UNIX_EPOCH,
            provider_id: String::new(),
            detail: String::new(),
        };
        Notice::of(&with_evidence(&[chunk.notice.entry()], &[receipt])[0])
    }
}

/// Nobody acknowledged its message.
fn crash(now: &mut Incident, worker: usize) {
    if let Worker::Read { chunk, .. } | Worker::Claimed { chunk, .. } | Worker::HandedOver { chunk, .. } =
        now.workers[worker]
    {
        now.chunks[chunk].messages += 1;
        now.workers[worker] = Worker::Idle;
        now.faults -= 1;
    }
}

fn of_worker(now: &Incident, place: usize, worker: &Worker, actions: &mut Vec<Action>) {
    match worker {
        Worker::Idle => {
            let waiting = (0..CHUNKS.len()).filter(|chunk| now.chunks[*chunk].messages > 0);
            actions.extend(waiting.map(|chunk| Action::Take(place, chunk)));
            return;
        }
        Worker::Read { .. } => actions.push(Action::Claim(place)),
        Worker::Claimed { .. } => {
            actions.push(Action::HandOver(place, Answer::Taken));
            if now.faults > 0 {
                let lost = [Answer::TakenAndLost, Answer::NotTakenAndLost];
                actions.extend(lost.map(|answer| Action::HandOver(place, answer)));
            }
            if now.faults > 0 {
                actions.push(Action::HandOver(place, Answer::Throttled));
            }
        }
        Worker::HandedOver { .. } => actions.push(Action::Store(place)),
    }
    if now.faults > 0 {
        actions.push(Action::Crash(place));
    }
}

fn has_read(worker: &Worker, place: usize, at: u8) -> bool {
    matches!(worker, Worker::Read { chunk, attempt, .. } if (*chunk, *attempt) == (place, at))
}

fn has_claimed(worker: &Worker, place: usize, at: u8) -> bool {
    matches!(worker, Worker::Claimed { chunk, attempt, .. } if (*chunk, *attempt) == (place, at))
}

fn has_handed_over(worker: &Worker, place: usize, at: u8) -> bool {
    matches!(worker, Worker::HandedOver { chunk, attempt, .. } if (*chunk, *attempt) == (place, at))
}

/// By the product's own table. `false` where the event may not happen: nothing changes then.
fn step(chunk: &mut Chunk, event: ChunkEvent) -> bool {
    let to = chunk.state.after(event);
    if let Some(to) = to {
        chunk.state = to;
    }
    to.is_some()
}

#[test]
fn the_whole_machine_holds() {
    let checked = Machine { without: None, faults: 3 }.checker().threads(2).spawn_bfs().join();
    println!(
        "{} states, {} of them different, the longest story has {} steps",
        checked.state_count(),
        checked.unique_state_count(),
        checked.max_depth(),
    );
    checked.assert_properties();
    assert!(checked.unique_state_count() > 10_000);
}

#[test]
fn without_any_one_guard_it_does_not_hold() {
    for (guard, breaks) in [
        (Guard::State, ONCE),
        (Guard::Attempt, ONCE),
        (Guard::Gate, STOPPED),
        (Guard::Lease, ONCE),
        (Guard::Doubt, ONCE),
        (Guard::Queue, ENDED),
        (Guard::Question, ENDED),
        (Guard::Evidence, NEEDLESS),
    ] {
        let machine = Machine { without: Some(guard), faults: 2 };
        let enough = HasDiscoveries::AllOf(BTreeSet::from([breaks]));
        let checked = machine.checker().threads(2).finish_when(enough).spawn_bfs().join();
        let story = checked.discovery(breaks);
        assert!(story.is_some(), "without {guard:?} it still holds that {breaks}");
    }
}
