//! Writes to a table: one, all or nothing, or many each by itself.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, DeleteRequest, Put, PutRequest, ReturnConsumedCapacity,
    ReturnValue, TransactWriteItem, Update, WriteRequest,
};
use futures_util::{TryStreamExt, stream};
use tocsin_ports::{Attributes, Condition, Item, Key, PortError, Value, Write, WriteError};

use crate::clock::pause;
use crate::expression::Placeholders;
use crate::failure::{failed, unbuilt};
use crate::item::{raw_item, raw_key};
use crate::table::{CALL_ITEMS, TRIES, Table};

/// `BatchWriteItem` takes no more.
const BATCH_ITEMS: usize = 25;

/// How many batches are under way at once.
const BATCHES: usize = 8;

impl Table {
    /// All or nothing. What is busy (another transaction on the same item, a throttle) is tried again for a moment.
    ///
    /// A transaction whose answer is lost is repeated by the SDK under the same token and stays one. A single
    /// conditional write has no token: repeated after a lost answer it may be refused by its own success, just as
    /// when the whole step runs again.
    pub async fn write(&self, writes: &[Write]) -> Result<(), WriteError> {
        for tries in 0..TRIES {
            pause(tries).await;
            let written = match writes {
                [] => Ok(()),
                [Write::Check { .. }] => self.transact(writes).await,
                [write] => self.write_one(write).await,
                _ => self.transact(writes).await,
            };
            match written {
                Ok(()) => return Ok(()),
                Err(Failure::Refused(place)) => return Err(WriteError::Refused(place)),
                Err(Failure::Port(error)) => return Err(error.into()),
                Err(Failure::Busy) => {}
            }
        }
        Err(self.busy().into())
    }

    /// See [`tocsin_ports::WriteHome::add`].
    pub async fn add(
        &self,
        key: &Key,
        name: &str,
        number: i64,
        only_if: &Condition,
    ) -> Result<i64, WriteError> {
        for tries in 0..TRIES {
            pause(tries).await;
            match self.add_once(key, name, number, only_if).await {
                Ok(sum) => return Ok(sum),
                Err(Failure::Refused(place)) => return Err(WriteError::Refused(place)),
                Err(Failure::Port(error)) => return Err(error.into()),
                Err(Failure::Busy) => {}
            }
        }
        Err(self.busy().into())
    }

    async fn add_once(
        &self,
        key: &Key,
        name: &str,
        number: i64,
        only_if: &Condition,
    ) -> Result<i64, Failure> {
        let mut placeholders = Placeholders::default();
        let condition = placeholders.condition(only_if);
        let update =
            format!("ADD {} {}", placeholders.name(name), placeholders.value(&Value::Number(number)));
        let (names, values) = placeholders.into_maps();
        let call = self.client.update_item().table_name(&self.name).set_key(Some(raw_key(key)));
        let call = call.update_expression(update).set_condition_expression(condition);
        let call = call.set_expression_attribute_names(names).set_expression_attribute_values(values);
        let call = call.return_values(ReturnValue::UpdatedNew);
        let answer = call.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await;
        let answer = answer.map_err(|error| Failure::of_one("UpdateItem", &error))?;
        self.count(&answer.consumed_capacity);
        let sum = answer.attributes.as_ref().and_then(|attributes| attributes.get(name));
        let sum = sum.and_then(|sum| sum.as_n().ok()?.parse().ok());
        sum.ok_or_else(|| Failure::Port(PortError("UpdateItem: the answer has no sum".to_owned())))
    }

    /// Many puts, each by itself. Of two with one key the last one counts.
    pub async fn put_all(&self, items: Vec<Item>) -> Result<(), PortError> {
        let items: BTreeMap<Key, Attributes> =
            items.into_iter().map(|item| (item.key, item.attributes)).collect();
        let requests = items.iter().map(|(key, attributes)| {
            let put = PutRequest::builder().set_item(Some(raw_item(key, attributes))).build();
            Ok(WriteRequest::builder().put_request(put.map_err(unbuilt)?).build())
        });
        self.write_batches(requests.collect::<Result<_, PortError>>()?).await
    }

    /// Many deletes, each by itself.
    pub async fn delete_all(&self, keys: Vec<Key>) -> Result<(), PortError> {
        let keys: BTreeSet<Key> = keys.into_iter().collect();
        let requests = keys.iter().map(|key| {
            let delete = DeleteRequest::builder().set_key(Some(raw_key(key))).build();
            Ok(WriteRequest::builder().delete_request(delete.map_err(unbuilt)?).build())
        });
        self.write_batches(requests.collect::<Result<_, PortError>>()?).await
    }

    async fn write_one(&self, write: &Write) -> Result<(), Failure> {
        let mut placeholders = Placeholders::default();
        let condition = placeholders.condition(write.only_if());
        let consumed = match write {
            Write::Put { key, attributes, .. } => {
                let (names, values) = placeholders.into_maps();
                let call =
                    self.client.put_item().table_name(&self.name).set_item(Some(raw_item(key, attributes)));
                let call = call.set_condition_expression(condition).set_expression_attribute_names(names);
                let call = call.set_expression_attribute_values(values);
                let answer = call.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await;
                answer.map_err(|error| Failure::of_one("PutItem", &error))?.consumed_capacity
            }
            Write::Update { key, .. } | Write::Add { key, .. } => {
                let update = update_of(write, &mut placeholders);
                let (names, values) = placeholders.into_maps();
                let call = self.client.update_item().table_name(&self.name).set_key(Some(raw_key(key)));
                let call = call.update_expression(update).set_condition_expression(condition);
                let call = call.set_expression_attribute_names(names).set_expression_attribute_values(values);
                let answer = call.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await;
                answer.map_err(|error| Failure::of_one("UpdateItem", &error))?.consumed_capacity
            }
            Write::Delete { key, .. } => {
                let (names, values) = placeholders.into_maps();
                let call = self.client.delete_item().table_name(&self.name).set_key(Some(raw_key(key)));
                let call = call.set_condition_expression(condition).set_expression_attribute_names(names);
                let call = call.set_expression_attribute_values(values);
                let answer = call.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await;
                answer.map_err(|error| Failure::of_one("DeleteItem", &error))?.consumed_capacity
            }
            Write::Check { .. } => None,
        };
        self.count(&consumed);
        Ok(())
    }

    async fn transact(&self, writes: &[Write]) -> Result<(), Failure> {
        if writes.len() > CALL_ITEMS {
            let why = format!("TransactWriteItems: {} writes, and it takes {CALL_ITEMS}", writes.len());
            return Err(Failure::Port(PortError(why)));
        }
        let items = writes.iter().map(|write| self.part(write)).collect::<Result<_, PortError>>()?;
        let call = self.client.transact_write_items().set_transact_items(Some(items));
        let answer = call.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await;
        self.count(answer.map_err(|error| Failure::of_transaction(&error))?.consumed_capacity());
        Ok(())
    }

    /// One write as a part of a transaction.
    fn part(&self, write: &Write) -> Result<TransactWriteItem, PortError> {
        let mut placeholders = Placeholders::default();
        let condition = placeholders.condition(write.only_if());
        let part = TransactWriteItem::builder();
        let part = match write {
            Write::Put { key, attributes, .. } => {
                let (names, values) = placeholders.into_maps();
                let put = Put::builder().table_name(&self.name).set_item(Some(raw_item(key, attributes)));
                let put = put.set_condition_expression(condition).set_expression_attribute_names(names);
                part.put(put.set_expression_attribute_values(values).build().map_err(unbuilt)?)
            }
            Write::Update { key, .. } | Write::Add { key, .. } => {
                let update = update_of(write, &mut placeholders);
                let (names, values) = placeholders.into_maps();
                let call = Update::builder().table_name(&self.name).set_key(Some(raw_key(key)));
                let call = call.update_expression(update).set_condition_expression(condition);
                let call = call.set_expression_attribute_names(names).set_expression_attribute_values(values);
                part.update(call.build().map_err(unbuilt)?)
            }
            Write::Delete { key, .. } => {
                let (names, values) = placeholders.into_maps();
                let delete = Delete::builder().table_name(&self.name).set_key(Some(raw_key(key)));
                let delete = delete.set_condition_expression(condition).set_expression_attribute_names(names);
                part.delete(delete.set_expression_attribute_values(values).build().map_err(unbuilt)?)
            }
            Write::Check { key, .. } => {
                let condition = condition.unwrap_or_else(|| placeholders.always());
                let (names, values) = placeholders.into_maps();
                let check = ConditionCheck::builder().table_name(&self.name).set_key(Some(raw_key(key)));
                let check = check.condition_expression(condition).set_expression_attribute_names(names);
                part.condition_check(check.set_expression_attribute_values(values).build().map_err(unbuilt)?)
            }
        };
        Ok(part.build())
    }

    async fn write_batches(&self, requests: Vec<WriteRequest>) -> Result<(), PortError> {
        stream::iter(requests.chunks(BATCH_ITEMS).map(Ok))
            .try_for_each_concurrent(BATCHES, |batch| self.write_batch(batch.to_vec()))
            .await
    }

    async fn write_batch(&self, mut left: Vec<WriteRequest>) -> Result<(), PortError> {
        for tries in 0..TRIES {
            pause(tries).await;
            let call = self.client.batch_write_item().request_items(&self.name, left);
            let call = call.return_consumed_capacity(ReturnConsumedCapacity::Total);
            let answer = call.send().await.map_err(|error| failed("BatchWriteItem", &error))?;
            self.count(answer.consumed_capacity());
            left =
                answer.unprocessed_items.and_then(|mut tables| tables.remove(&self.name)).unwrap_or_default();
            if left.is_empty() {
                return Ok(());
            }
        }
        Err(self.busy())
    }
}

/// What an update or an addition does; nothing for the others, which have no such expression.
fn update_of(write: &Write, placeholders: &mut Placeholders) -> String {
    match write {
        Write::Update { set, remove, .. } => placeholders.update(set, remove),
        Write::Add { add, .. } => placeholders.add(add),
        Write::Put { .. } | Write::Delete { .. } | Write::Check { .. } => String::new(),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Failure {
    /// The condition of the write at this place did not hold.
    Refused(usize),
    /// May work in a moment.
    Busy,
    Port(PortError),
}

impl From<PortError> for Failure {
    fn from(error: PortError) -> Self {
        Failure::Port(error)
    }
}

impl Failure {
    fn of_one<E: ProvideErrorMetadata>(operation: &str, error: &SdkError<E>) -> Self {
        match error.code() {
            Some("ConditionalCheckFailedException") => Failure::Refused(0),
            Some("TransactionConflictException") => Failure::Busy,
            Some(code) if is_throttle(code) => Failure::Busy,
            Some(_) | None => Failure::Port(failed(operation, error)),
        }
    }

    fn of_transaction(error: &SdkError<TransactWriteItemsError>) -> Self {
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                Self::of_reasons(cancelled.cancellation_reasons())
            }
            Some(_) | None => Self::of_one("TransactWriteItems", error),
        }
    }

    /// One reason for each write, in order. A condition that does not hold outweighs a conflict elsewhere:
    /// the transaction would be refused again.
    fn of_reasons(reasons: &[CancellationReason]) -> Self {
        let codes: Vec<&str> = reasons.iter().map(|reason| reason.code().unwrap_or("None")).collect();
        if let Some(place) = codes.iter().position(|code| *code == "ConditionalCheckFailed") {
            return Failure::Refused(place);
        }
        match codes
            .iter()
            .find(|code| !matches!(**code, "None" | "TransactionConflict") && !is_throttle(code))
        {
            Some(code) => Failure::Port(PortError(format!("TransactWriteItems: {code}"))),
            None => Failure::Busy,
        }
    }
}

/// By the names that errors have, and by those that a transaction's reasons have.
fn is_throttle(code: &str) -> bool {
    matches!(
        code,
        "ThrottlingException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "ThrottlingError"
            | "ProvisionedThroughputExceeded"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_transaction_says_why() {
        for (codes, failure) in [
            (vec!["None", "ConditionalCheckFailed", "ConditionalCheckFailed"], Failure::Refused(1)),
            (vec!["TransactionConflict", "ConditionalCheckFailed"], Failure::Refused(1)),
            (vec!["None", "TransactionConflict"], Failure::Busy),
            (vec!["ThrottlingError", "None"], Failure::Busy),
            (vec!["ProvisionedThroughputExceeded"], Failure::Busy),
            (
                vec!["TransactionConflict", "ValidationError"],
                Failure::Port(PortError("TransactWriteItems: ValidationError".to_owned())),
            ),
        ] {
            let reasons: Vec<CancellationReason> =
                codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
            assert_eq!(Failure::of_reasons(&reasons), failure, "{codes:?}");
        }
    }
}
