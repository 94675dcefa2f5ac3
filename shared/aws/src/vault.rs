//! The vault: one bucket in the home region.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use tocsin_ports::{File, PortError, ReadVault, WriteVault};

use crate::Aws;
use crate::failure::failed;

pub(crate) struct Vault {
    pub(crate) client: Client,
    pub(crate) bucket: String,
}

impl ReadVault for Aws {
    async fn look(&self, key: &str) -> Result<Option<File>, PortError> {
        self.vault.look(key).await
    }

    async fn range(&self, key: &str, tag: &str, from: u64, to: u64) -> Result<Option<Vec<u8>>, PortError> {
        self.vault.range(key, tag, from, to).await
    }
}

impl WriteVault for Aws {
    async fn put_file(&self, key: &str, bytes: Vec<u8>) -> Result<(), PortError> {
        self.vault.put(key, bytes).await
    }
}

impl Vault {
    async fn look(&self, key: &str) -> Result<Option<File>, PortError> {
        match self.client.head_object().bucket(&self.bucket).key(key).send().await {
            Ok(answer) => {
                let size = answer.content_length.and_then(|length| u64::try_from(length).ok());
                let file = size.zip(answer.e_tag).map(|(size, tag)| File { size, tag });
                file.map(Some).ok_or_else(|| PortError("HeadObject: no size or no ETag".to_owned()))
            }
            Err(error) if error.raw_response().is_some_and(|response| response.status().as_u16() == 404) => {
                Ok(None)
            }
            Err(error) => Err(failed("HeadObject", &error)),
        }
    }

    async fn range(&self, key: &str, tag: &str, from: u64, to: u64) -> Result<Option<Vec<u8>>, PortError> {
        let Some(last) = to.checked_sub(1).filter(|last| from <= *last) else {
            return Ok(Some(Vec::new()));
        };
        let call = self.client.get_object().bucket(&self.bucket).key(key).if_match(tag);
        match call.range(format!("bytes={from}-{last}")).send().await {
            Ok(answer) => {
                let bytes = answer.body.collect().await;
                let bytes = bytes.map_err(|_| PortError("GetObject: the body broke off".to_owned()))?;
                Ok(Some(bytes.to_vec()))
            }
            // Behind the end of the file.
            Err(error) if error.code() == Some("InvalidRange") => Ok(Some(Vec::new())),
            Err(error) if error.raw_response().is_some_and(|response| response.status().as_u16() == 412) => {
                Ok(None)
            }
            Err(error) if error.code() == Some("NoSuchKey") => Ok(None),
            Err(error) => Err(failed("GetObject", &error)),
        }
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), PortError> {
        let call = self.client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(bytes));
        call.send().await.map_err(|error| failed("PutObject", &error))?;
        Ok(())
    }
}
