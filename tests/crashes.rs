//! A small incident, once for every call that a step makes and every way in which that call can fail:
//! nobody is missed, nobody is told twice. `cargo sim -- --pairs` tries every two of them.

use tocsin_tests::{crash_points, simulation};

#[test]
fn every_single_failure_leaves_everybody_told_once() {
    // The crashes are part of the test; their text is not.
    simulation::hush();
    let tried = crash_points::singles();
    let _ = std::panic::take_hook();
    assert!(tried.times > 400, "{} crash points", tried.times);
    let failed = &tried.failed;
    let few = failed[..failed.len().min(5)].join("\n");
    assert!(failed.is_empty(), "{} of {} failed:\n{few}", failed.len(), tried.times);
}
