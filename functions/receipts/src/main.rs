use tocsin_aws::Aws;
use tocsin_stage::{Error, queue, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start();
    let ports = Aws::from_env().await?;
    queue::run_together("receipts", ports, receipts::read, receipts::append).await
}
