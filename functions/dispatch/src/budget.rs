//! How many messages each region's provider takes in a minute.

use std::collections::BTreeMap;

use tocsin_ports::Settings;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget(BTreeMap<String, u64>);

impl Budget {
    pub fn of_a_minute(settings: &Settings) -> Self {
        let messages = u64::from(settings.send_rate) * 60;
        Self(settings.regions.iter().map(|region| (region.clone(), messages)).collect())
    }

    /// Whether `messages` more go within this minute. A region that is not the installation's has none.
    pub fn take(&mut self, region: &str, messages: usize) -> bool {
        let Some(left) = self.0.get_mut(region) else {
            return false;
        };
        match left.checked_sub(messages as u64) {
            Some(rest) => {
                *left = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tocsin_ports::memory::World;

    #[test]
    fn a_minute_holds_sixty_seconds_of_the_rate_in_each_region() {
        let settings = Settings { send_rate: 1, ..World::settings_for_tests() };
        let mut budget = Budget::of_a_minute(&settings);
        assert!(budget.take("us-east-1", 50));
        assert!(!budget.take("us-east-1", 11));
        assert!(budget.take("us-east-1", 10));
        assert!(!budget.take("us-east-1", 1));
        assert!(budget.take("eu-central-1", 60));
        assert!(!budget.take("mars-north-1", 0));
    }
}
