//! Secrets of tenants, in the home region.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use tocsin_ports::{PortError, ReadSecrets, Secret, TenantScope, WriteSecrets};

use crate::failure::failed;
use crate::{Aws, names};

/// How long a secret that was read is taken from memory. A rotation keeps the old one valid for longer.
const KEPT: Duration = Duration::from_mins(5);

pub(crate) struct Secrets {
    client: Client,
    kept: RefCell<BTreeMap<String, (Instant, Secret)>>,
}

impl ReadSecrets for Aws {
    async fn secret(&self, scope: &TenantScope, name: &str) -> Result<Option<Secret>, PortError> {
        self.secrets.get(names::secret(&self.settings.prefix, scope.tenant(), name)).await
    }
}

impl WriteSecrets for Aws {
    async fn create_secret(
        &self,
        scope: &TenantScope,
        name: &str,
        secret: Secret,
    ) -> Result<bool, PortError> {
        self.secrets.create(names::secret(&self.settings.prefix, scope.tenant(), name), secret).await
    }

    async fn put_secret(&self, scope: &TenantScope, name: &str, secret: Secret) -> Result<(), PortError> {
        self.secrets.put(names::secret(&self.settings.prefix, scope.tenant(), name), secret).await
    }
}

impl Secrets {
    pub fn new(client: Client) -> Self {
        Self { client, kept: RefCell::default() }
    }

    async fn get(&self, name: String) -> Result<Option<Secret>, PortError> {
        if let Some((since, secret)) = self.kept.borrow().get(&name)
            && since.elapsed() < KEPT
        {
            return Ok(Some(secret.clone()));
        }
        let secret = match self.client.get_secret_value().secret_id(&name).send().await {
            Ok(answer) => answer.secret_string.map(Secret::new),
            Err(error) if is_missing(&error) => None,
            Err(error) => return Err(failed("GetSecretValue", &error)),
        };
        // That there is none is not kept: it may be put at any moment.
        if let Some(secret) = &secret {
            self.kept.borrow_mut().insert(name, (Instant::now(), secret.clone()));
        }
        Ok(secret)
    }

    async fn create(&self, name: String, secret: Secret) -> Result<bool, PortError> {
        match self.client.create_secret().name(&name).secret_string(secret.expose()).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("ResourceExistsException") => Ok(false),
            Err(error) => Err(failed("CreateSecret", &error)),
        }
    }

    async fn put(&self, name: String, secret: Secret) -> Result<(), PortError> {
        self.kept.borrow_mut().remove(&name);
        let put = self.client.put_secret_value().secret_id(&name).secret_string(secret.expose()).send().await;
        match put {
            Ok(_) => Ok(()),
            Err(error) if is_missing(&error) => match self.create(name, secret).await? {
                true => Ok(()),
                false => Err(PortError("CreateSecret: somebody else was faster".to_owned())),
            },
            Err(error) => Err(failed("PutSecretValue", &error)),
        }
    }
}

fn is_missing(error: &impl ProvideErrorMetadata) -> bool {
    error.code() == Some("ResourceNotFoundException")
}
