use tocsin_aws::Aws;
use tocsin_stage::{Error, start, tick};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start();
    let ports = Aws::from_env().await?;
    tick::run("dispatch", ports, dispatch::step).await
}
