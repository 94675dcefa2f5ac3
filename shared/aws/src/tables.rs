//! The table ports: the home table, and one table of people in each region.

use jiff::Timestamp;
use tocsin_ports::{
    Condition, Item, Key, Page, PortError, ReadHome, ReadPeople, Select, Woken, Write, WriteError, WriteHome,
    WritePeople,
};

use crate::Aws;
use crate::table::Table;

impl ReadHome for Aws {
    async fn get(&self, key: &Key) -> Result<Option<Item>, PortError> {
        self.home.get(key).await
    }

    async fn select(&self, select: &Select) -> Result<Page, PortError> {
        self.home.select(select).await
    }

    async fn woken(&self, partition: &str, until: Timestamp, limit: u32) -> Result<Vec<Woken>, PortError> {
        self.home.woken(partition, until, limit).await
    }
}

impl WriteHome for Aws {
    async fn write(&self, writes: Vec<Write>) -> Result<(), WriteError> {
        self.home.write(&writes).await
    }

    async fn add(
        &self,
        key: &Key,
        name: &'static str,
        number: i64,
        only_if: Condition,
    ) -> Result<i64, WriteError> {
        self.home.add(key, name, number, &only_if).await
    }

    async fn put_all(&self, items: Vec<Item>) -> Result<(), PortError> {
        self.home.put_all(items).await
    }

    async fn delete_all(&self, keys: Vec<Key>) -> Result<(), PortError> {
        self.home.delete_all(keys).await
    }
}

impl ReadPeople for Aws {
    async fn people(&self, region: &str, select: &Select) -> Result<Page, PortError> {
        self.people_of(region)?.select(select).await
    }

    async fn people_at(&self, region: &str, keys: Vec<Key>) -> Result<Vec<Item>, PortError> {
        self.people_of(region)?.get_all(keys).await
    }
}

impl WritePeople for Aws {
    async fn put_people(&self, region: &str, items: Vec<Item>) -> Result<(), PortError> {
        self.people_of(region)?.put_all(items).await
    }

    async fn write_person(&self, region: &str, write: Write) -> Result<(), WriteError> {
        self.people_of(region)?.write(&[write]).await
    }
}

impl Aws {
    fn people_of(&self, region: &str) -> Result<&Table, PortError> {
        self.people.get(region).ok_or_else(|| {
            PortError(format!("{region} is not a region of this installation: see TOCSIN_REGIONS"))
        })
    }
}
