use tocsin_aws::Aws;
use tocsin_stage::{Error, http, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start();
    let ports = Aws::from_env().await?;
    http::run("inbox", ports, inbox::step).await
}
