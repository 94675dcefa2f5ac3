//! Function processes that die in the middle of their work.

use std::collections::BTreeMap;
use std::sync::Mutex;

use tocsin_local::random::Random;

use crate::Trouble;
use crate::options::Options;
use crate::story::{HOME, Scene};

/// With `--kill`: how long a message that a killed function had taken stays hidden. In life six times the timeout.
const VISIBILITY_WHEN_KILLING: u32 = 10;

/// Kills functions in the middle of their work, when asked to.
pub struct Killer {
    dice: Option<Mutex<Random>>,
    killed: Mutex<BTreeMap<&'static str, usize>>,
}

impl Killer {
    pub async fn of(options: &Options, scene: &Scene) -> Result<Self, Trouble> {
        if options.kill {
            for queue in ["signals", "scope", "plan"] {
                scene
                    .cloud()
                    .set_visibility(HOME, &format!("tocsin-{queue}"), VISIBILITY_WHEN_KILLING)
                    .await?;
            }
            for region in Scene::regions() {
                for queue in ["notices", "receipts"] {
                    let queue = format!("tocsin-{queue}-{region}");
                    scene.cloud().set_visibility(region, &queue, VISIBILITY_WHEN_KILLING).await?;
                }
            }
        }
        let dice = options.kill.then(|| Mutex::new(Random::named(options.seed, "killer")));
        Ok(Self { dice, killed: Mutex::default() })
    }

    pub fn says(&self) {
        if let (Some(_), Ok(killed)) = (&self.dice, self.killed.lock()) {
            println!("  {:<12} {killed:?} processes in the middle of the run", "killed");
        }
    }

    /// One strike: the processes of one of these functions die.
    pub async fn strikes(&self, scene: &Scene, functions: &[&'static str]) -> Result<(), Trouble> {
        let Some(dice) = &self.dice else {
            return Ok(());
        };
        let function = match dice.lock() {
            Ok(mut dice) => dice.pick(functions).copied(),
            Err(_) => None,
        };
        let Some(function) = function else {
            return Ok(());
        };
        let killed = scene.deployed.kill(function).await?;
        if let Ok(mut all) = self.killed.lock() {
            *all.entry(function).or_default() += killed;
        }
        Ok(())
    }
}
