//! What the person at the terminal sees.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Stages in the order in which they were passed, with the time that each took.
#[derive(Debug)]
pub struct Screen {
    pub took: Vec<(&'static str, Duration)>,
}

/// A stage that is under way.
pub struct Stage {
    name: &'static str,
    bar: ProgressBar,
    began: Instant,
}

impl Screen {
    pub fn new() -> Self {
        Self { took: Vec::new() }
    }

    /// A stage of unknown length.
    pub fn stage(&self, name: &'static str, what: &str) -> Stage {
        let bar = ProgressBar::new_spinner().with_message(what.to_owned());
        bar.set_style(style("{spinner} {prefix:.bold:<12} {msg} ({elapsed})"));
        begin(name, bar)
    }

    /// A stage of so many steps.
    pub fn counted(&self, name: &'static str, what: &str, steps: u64) -> Stage {
        let bar = ProgressBar::new(steps).with_message(what.to_owned());
        bar.set_style(style("{spinner} {prefix:.bold:<12} [{bar:32}] {pos}/{len} {msg} ({elapsed})"));
        begin(name, bar)
    }

    pub fn end(&mut self, stage: Stage, said: &str) {
        let Stage { name, bar, began } = stage;
        self.took.push((name, began.elapsed()));
        bar.finish_and_clear();
        println!("  {name:<12} {said}");
    }
}

impl Stage {
    pub fn at(&self, position: u64) {
        self.bar.set_position(position);
    }

    pub fn says(&self, what: String) {
        self.bar.set_message(what);
    }
}

fn begin(name: &'static str, bar: ProgressBar) -> Stage {
    bar.set_prefix(name);
    bar.enable_steady_tick(Duration::from_millis(120));
    Stage { name, bar, began: Instant::now() }
}

/// A template that cannot be read shows the plain one: a bar is not worth a failed demo.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}
