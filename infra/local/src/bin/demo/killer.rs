//! Function processes that die in the middle of their work.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Trouble;
use crate::options::Options;
use crate::story::{FUNCTIONS, HOME, Scene};

/// With `--kill`: how long a message that a killed function had taken stays hidden. In life six times the timeout.
const VISIBILITY_WHEN_KILLING: u32 = 10;

/// How often a function dies in a run. A queue gives a message up after five deliveries: two are left for the work.
const STRIKES: usize = 3;

/// How long a strike is away from the next one, so that something gets done between them.
const BETWEEN_STRIKES: Duration = Duration::from_millis(200);

/// How often somebody looks whether a function has a process that can die. The short functions work for less than a
/// tenth of a second.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// How often something is asked whose function may have died before it answered.
const TRIES: usize = 5;

/// What the emulator writes into its log when a process ends without having answered.
const DIED_AT_WORK: &str = ": Runtime exited before returning a response";

/// Kills functions in the middle of their work, when asked to.
pub struct Killer {
    awake: bool,
    /// How many strikes of each function found a process, and how many processes died by them.
    killed: Mutex<BTreeMap<&'static str, Killed>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Killed {
    strikes: usize,
    processes: usize,
}

impl Killer {
    pub async fn of(options: &Options, scene: &Scene) -> Result<Self, Trouble> {
        if options.kill {
            hurry_the_queues(scene).await?;
        }
        Ok(Self { awake: options.kill, killed: Mutex::default() })
    }

    /// Strikes these functions, the one with the fewest strikes first, for as long as the work goes on.
    pub async fn during<T>(
        &self,
        scene: &Scene,
        functions: &[&'static str],
        work: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        if !self.awake {
            return work.await;
        }
        let over = Cell::new(false);
        let (done, struck) =
            tokio::join!(noting_the_end(work, &over), self.strikes_until(scene, functions, &over));
        let done = done?;
        struck?;
        Ok(done)
    }

    /// Calls a function whose process dies meanwhile. When no answer came, it is simply asked again.
    pub async fn beside<T>(
        &self,
        scene: &Scene,
        function: &'static str,
        mut call: impl AsyncFnMut() -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        for _ in 1..TRIES {
            if !self.may_strike(function) {
                break;
            }
            let over = Cell::new(false);
            let (answer, struck) =
                tokio::join!(noting_the_end(call(), &over), self.strikes_once(scene, function, &over));
            struck?;
            if answer.is_ok() {
                return answer;
            }
        }
        call().await
    }

    /// Prints for each function how many of its processes died, and how many of them had not answered yet.
    pub fn says(&self, scene: &Scene) -> Result<(), Trouble> {
        if !self.awake {
            return Ok(());
        }
        let log = std::fs::read_to_string(scene.emulator.log())?;
        for (function, killed) in held(&self.killed).iter() {
            let name = format!("tocsin-{function}{DIED_AT_WORK}");
            let at_work = log.lines().filter(|line| line.contains(&name)).count();
            println!(
                "  {:<12} {function}: {} processes in {} strikes, {at_work} before they had answered",
                "killed", killed.processes, killed.strikes
            );
        }
        Ok(())
    }

    /// The functions that should have died and did not; `None` where nobody was to die.
    pub fn spared(&self) -> Option<Vec<&'static str>> {
        let killed = held(&self.killed);
        // No shop shows its inboxes here, so nothing calls that function.
        let called = FUNCTIONS.into_iter().filter(|function| *function != "inbox");
        self.awake.then(|| called.filter(|function| !killed.contains_key(function)).collect())
    }

    async fn strikes_until(
        &self,
        scene: &Scene,
        functions: &[&'static str],
        over: &Cell<bool>,
    ) -> Result<(), Trouble> {
        while !over.get() {
            let struck = self.strikes_one_of(scene, functions).await?;
            tokio::time::sleep(if struck { BETWEEN_STRIKES } else { BETWEEN_LOOKS }).await;
        }
        Ok(())
    }

    /// One strike at the first of the functions that has a process; whether there was any.
    async fn strikes_one_of(&self, scene: &Scene, functions: &[&'static str]) -> Result<bool, Trouble> {
        let mut functions = functions.to_vec();
        functions.sort_by_key(|function| self.strikes_of(function));
        for function in functions {
            if self.may_strike(function) && self.strikes(scene, function).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// One strike as soon as the called function has a process. It comes after a moment: the call has to arrive.
    async fn strikes_once(
        &self,
        scene: &Scene,
        function: &'static str,
        over: &Cell<bool>,
    ) -> Result<(), Trouble> {
        loop {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            if self.strikes(scene, function).await? || over.get() {
                return Ok(());
            }
        }
    }

    /// The processes of the function die; whether there were any.
    async fn strikes(&self, scene: &Scene, function: &'static str) -> Result<bool, Trouble> {
        let processes = scene.deployed.kill(function).await?;
        if processes > 0 {
            let mut killed = held(&self.killed);
            let killed = killed.entry(function).or_default();
            killed.strikes += 1;
            killed.processes += processes;
        }
        Ok(processes > 0)
    }

    fn may_strike(&self, function: &str) -> bool {
        self.awake && self.strikes_of(function) < STRIKES
    }

    fn strikes_of(&self, function: &str) -> usize {
        held(&self.killed).get(function).map_or(0, |killed| killed.strikes)
    }
}

/// What a killed function had taken comes back soon.
async fn hurry_the_queues(scene: &Scene) -> Result<(), Trouble> {
    for queue in ["siem", "signals", "scope", "plan"] {
        let queue = format!("tocsin-{queue}");
        scene.cloud().set_visibility(HOME, &queue, VISIBILITY_WHEN_KILLING).await?;
    }
    for region in Scene::regions() {
        for queue in ["notices", "receipts"] {
            let queue = format!("tocsin-{queue}-{region}");
            scene.cloud().set_visibility(region, &queue, VISIBILITY_WHEN_KILLING).await?;
        }
    }
    Ok(())
}

async fn noting_the_end<T>(work: impl Future<Output = T>, over: &Cell<bool>) -> T {
    let done = work.await;
    over.set(true);
    done
}

fn held<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
