//! A world in memory: every port, with the same conditions as the real one. A whole incident runs in it in
//! milliseconds. It counts what DynamoDB would charge, and can be told to fail at any call.

mod outside;
mod queues;
mod tables;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::panic_any;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use tocsin_domain::alert::AlertMessage;
use tocsin_domain::id::{TenantId, digest};
use tocsin_domain::pause::Limits;
use tocsin_domain::person::EmailAddress;

pub use self::outside::{Delivered, Endpoints, Inboxed, Provider, Texted, Verdict};
use self::tables::Table;
use crate::ports::*;
use crate::scope::TenantScope;
use crate::settings::{Configured, Settings, TextProvider};
use crate::table::{
    Condition, Item, Key, Page, ReadHome, ReadPeople, Select, Woken, Write, WriteError, WriteHome,
    WritePeople,
};

/// What happens at a call that was chosen to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The process dies before the call has any effect.
    CrashBefore,
    /// The process dies after the call had its effect.
    CrashAfter,
    /// The call fails without effect.
    ErrorBefore,
    /// The call has its effect, and its answer is lost.
    ErrorAfter,
}

/// Which port a call is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call<'a> {
    Mail,
    Text,
    /// The people table of this region, the queue of its senders, or its provider's quota and senders.
    Regional(&'a str),
    /// The home table, another queue, the vault, or a secret.
    Other,
}

/// Asked before each call of a port how that call goes. It may let others act in between: they see the world as it is
/// before the call, and their calls have a fate, too.
pub type Fate = Rc<dyn Fn(&World, Call<'_>) -> Option<Fault>>;

/// The panic that stands for a killed process.
#[derive(Debug)]
pub struct Crashed;

pub struct World {
    settings: Settings,
    now: Cell<Timestamp>,
    off_by: Cell<SignedDuration>,
    calls: Cell<u64>,
    faults: RefCell<BTreeMap<u64, Fault>>,
    mail_fault: RefCell<Option<(String, Fault)>>,
    fate: RefCell<Option<Fate>>,
    index_lags: Cell<bool>,
    woken_before: RefCell<BTreeMap<String, Vec<Woken>>>,
    provider: RefCell<Option<Provider>>,
    home: RefCell<Table>,
    people: RefCell<BTreeMap<String, Table>>,
    queues: RefCell<BTreeMap<Queue, VecDeque<Outgoing>>>,
    quota: Cell<Quota>,
    quotas: RefCell<BTreeMap<String, Quota>>,
    senders: RefCell<BTreeMap<String, Option<SenderStanding>>>,
    dead: RefCell<BTreeMap<Queue, Vec<DeadLetter>>>,
    redrives: RefCell<BTreeMap<Queue, Redriving>>,
    parked: RefCell<Vec<String>>,
    postponed: RefCell<Vec<(String, SignedDuration)>>,
    vault: RefCell<BTreeMap<String, Kept>>,
    secrets: RefCell<BTreeMap<(String, String), Secret>>,
    mails: RefCell<Vec<Delivered>>,
    texts: RefCell<Vec<Texted>>,
    hooks: RefCell<Vec<Hook>>,
    inboxed: RefCell<Vec<Inboxed>>,
    endpoints: RefCell<Option<Endpoints>>,
    alerts: RefCell<Vec<AlertMessage>>,
    alerts_refused: RefCell<BTreeSet<String>>,
    drawn: Cell<u64>,
    mail_calls: Cell<u64>,
    queue_calls: Cell<u64>,
    /// How many messages providers gave an id.
    taken: Cell<u64>,
    paused: Cell<SignedDuration>,
}

impl World {
    pub fn new(now: Timestamp, settings: Settings) -> Self {
        let quota = Quota { a_second: settings.send_rate, a_day: None, sent: 0 };
        Self {
            settings,
            quota: Cell::new(quota),
            quotas: RefCell::default(),
            senders: RefCell::default(),
            now: Cell::new(now),
            off_by: Cell::default(),
            calls: Cell::default(),
            faults: RefCell::default(),
            mail_fault: RefCell::default(),
            fate: RefCell::default(),
            index_lags: Cell::default(),
            woken_before: RefCell::default(),
            provider: RefCell::default(),
            home: RefCell::default(),
            people: RefCell::default(),
            queues: RefCell::default(),
            dead: RefCell::default(),
            redrives: RefCell::default(),
            parked: RefCell::default(),
            postponed: RefCell::default(),
            vault: RefCell::default(),
            secrets: RefCell::default(),
            mails: RefCell::default(),
            texts: RefCell::default(),
            hooks: RefCell::default(),
            inboxed: RefCell::default(),
            endpoints: RefCell::default(),
            alerts: RefCell::default(),
            alerts_refused: RefCell::default(),
            drawn: Cell::default(),
            mail_calls: Cell::default(),
            queue_calls: Cell::default(),
            taken: Cell::default(),
            paused: Cell::default(),
        }
    }

    /// An installation of three regions.
    pub fn settings_for_tests() -> Settings {
        Settings {
            prefix: "tocsin".to_owned(),
            home_region: "eu-central-1".to_owned(),
            region: "eu-central-1".to_owned(),
            regions: ["eu-central-1", "us-east-1", "ap-southeast-2"].map(str::to_owned).into(),
            vault_bucket: "vault".to_owned(),
            administrators: vec!["arn:aws:iam::000000000000:user/administrator".to_owned()],
            send_rate: 1000,
            text_rate: 100,
            texts: TextProvider::Sns,
            settling_time: SignedDuration::from_mins(15),
            send_timeout: SignedDuration::from_mins(1),
            pause: Limits { bounces_per_mille: 50, complaints_per_mille: 1, sample: 200 },
            canary: None,
        }
    }

    /// Another world in which the same has happened so far. What is to fail in it, and who decides on that and on
    /// what partners answer, does not go over.
    pub fn copy(&self) -> Self {
        Self {
            calls: self.calls.clone(),
            index_lags: self.index_lags.clone(),
            woken_before: self.woken_before.clone(),
            home: self.home.clone(),
            people: self.people.clone(),
            queues: self.queues.clone(),
            quota: self.quota.clone(),
            quotas: self.quotas.clone(),
            senders: self.senders.clone(),
            dead: self.dead.clone(),
            redrives: self.redrives.clone(),
            parked: self.parked.clone(),
            postponed: self.postponed.clone(),
            vault: self.vault.clone(),
            secrets: self.secrets.clone(),
            mails: self.mails.clone(),
            texts: self.texts.clone(),
            hooks: self.hooks.clone(),
            inboxed: self.inboxed.clone(),
            alerts: self.alerts.clone(),
            alerts_refused: self.alerts_refused.clone(),
            drawn: self.drawn.clone(),
            mail_calls: self.mail_calls.clone(),
            queue_calls: self.queue_calls.clone(),
            taken: self.taken.clone(),
            paused: self.paused.clone(),
            ..Self::new(self.now.get(), self.settings.clone())
        }
    }

    /// Moves the clock. It never goes back.
    pub fn advance_to(&self, now: Timestamp) {
        self.now.set(self.now.get().max(now));
    }

    /// The time itself. What `Clock` says may be off.
    pub fn time(&self) -> Timestamp {
        self.now.get()
    }

    /// From now on the clock of whoever asks is off by so much. Answers by how much it was off before.
    pub fn set_clock_off(&self, by: SignedDuration) -> SignedDuration {
        self.off_by.replace(by)
    }

    /// The call of this number, counted from 1 over all ports, fails in the given way.
    pub fn fail_at(&self, call: u64, fault: Fault) {
        self.faults.borrow_mut().insert(call, fault);
    }

    /// From now on `fate` says how each call goes; `None`: as it should.
    pub fn set_fate(&self, fate: Option<Fate>) {
        self.fate.replace(fate);
    }

    /// From now on the index of things to look at still shows what it showed at the look before.
    pub fn let_index_lag(&self) {
        self.index_lags.set(true);
    }

    /// The hand-over of a mail to this address fails once in the given way.
    pub fn crash_at_mail_to(&self, address: &str, fault: Fault) {
        self.mail_fault.replace(Some((address.to_owned(), fault)));
    }

    /// Changes the text attribute of this name in every item of the home table whose sort key begins so, past every
    /// port and condition: what somebody with too many rights could do. Answers how many texts became others.
    pub fn tamper(&self, sort_prefix: &str, name: &str, change: impl Fn(&str) -> String) -> usize {
        self.home.borrow_mut().tamper(sort_prefix, name, change)
    }

    /// How many calls were made so far.
    pub fn calls(&self) -> u64 {
        self.calls.get()
    }

    /// From now on the mail provider of every region grants this, but of those that grant something of their own.
    pub fn set_quota(&self, quota: Quota) {
        self.quota.set(quota);
    }

    /// From now on the mail provider of this region grants this.
    pub fn set_quota_of(&self, region: &str, quota: Quota) {
        self.quotas.borrow_mut().insert(region.to_owned(), quota);
    }

    /// From now on every sender stands so with the mail provider of this region; `None`: it does not say. Where nothing
    /// was set, all are signed for.
    pub fn set_senders_of(&self, region: &str, standing: Option<SenderStanding>) {
        self.senders.borrow_mut().insert(region.to_owned(), standing);
    }

    /// For how long steps have waited so far, all together. The clock stood still meanwhile.
    pub fn paused(&self) -> SignedDuration {
        self.paused.get()
    }

    /// Removes whatever is kept of a tenant, but its secrets, past every port: what becomes of an incident that is over
    /// and whose log was exported.
    pub fn archive(&self, tenant: &TenantId) {
        let mut home = self.home.borrow_mut();
        home.remove_tenant(tenant.as_str());
        home.delete_all(vec![Key::new("@tenants".to_owned(), tenant.to_string())]);
        self.people.borrow_mut().values_mut().for_each(|table| table.remove_tenant(tenant.as_str()));
        let files = format!("{tenant}/");
        self.vault.borrow_mut().retain(|key, _| !key.starts_with(&files));
    }

    pub fn file(&self, key: &str) -> Option<Vec<u8>> {
        self.vault.borrow().get(key).map(|kept| kept.bytes.clone())
    }

    pub fn files(&self) -> Vec<String> {
        self.vault.borrow().keys().cloned().collect()
    }

    /// Removes the people whose records say this, and their inboxes; past every port.
    pub fn forget_people(&self, saying: &str) {
        self.people.borrow_mut().values_mut().for_each(|table| table.remove_saying(saying));
    }

    /// Everything in the home table, as text: for searches for what must not be there.
    pub fn home_as_text(&self) -> String {
        format!("{:?}", self.home.borrow())
    }

    /// Everything in the people table of a region, as text.
    pub fn people_as_text(&self, region: &str) -> String {
        self.people.borrow().get(region).map(|table| format!("{table:?}")).unwrap_or_default()
    }

    fn write_units(&self) -> u64 {
        self.home.borrow().write_units() + self.people.borrow().values().map(Table::write_units).sum::<u64>()
    }

    fn call<T>(&self, of: Call<'_>, lost: impl FnOnce() -> T, effect: impl FnOnce() -> T) -> T {
        let call = self.calls.get() + 1;
        self.calls.set(call);
        let fault = self.faults.borrow_mut().remove(&call);
        match fault.or_else(|| self.ask_fate(of)) {
            None => effect(),
            Some(Fault::CrashBefore) => panic_any(Crashed),
            Some(Fault::CrashAfter) => {
                effect();
                panic_any(Crashed)
            }
            Some(Fault::ErrorBefore) => lost(),
            Some(Fault::ErrorAfter) => {
                effect();
                lost()
            }
        }
    }

    fn ask_fate(&self, of: Call<'_>) -> Option<Fault> {
        let fate = self.fate.borrow().clone()?;
        fate(self, of)
    }

    fn fallible<T>(&self, effect: impl FnOnce() -> Result<T, PortError>) -> Result<T, PortError> {
        self.fallible_at(Call::Other, effect)
    }

    fn fallible_at<T>(
        &self,
        of: Call<'_>,
        effect: impl FnOnce() -> Result<T, PortError>,
    ) -> Result<T, PortError> {
        self.call(of, || Err(PortError("the call failed".to_owned())), effect)
    }

    fn provider_id(&self) -> String {
        format!("memory-{}", self.taken.replace(self.taken.get() + 1))
    }
}

impl Configured for World {
    fn settings(&self) -> &Settings {
        &self.settings
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.now.get() + self.off_by.get()
    }
}

impl Metered for World {
    fn usage(&self) -> Usage {
        let (mail_calls, queue_calls) = (self.mail_calls.get(), self.queue_calls.get());
        Usage { write_units: self.write_units() as f64, mail_calls, queue_calls }
    }
}

impl Entropy for World {
    fn random(&self) -> [u8; 32] {
        self.drawn.set(self.drawn.get() + 1);
        digest("entropy", &[&self.drawn.get().to_be_bytes()])
    }
}

impl ReadHome for World {
    async fn get(&self, key: &Key) -> Result<Option<Item>, PortError> {
        self.fallible(|| Ok(self.home.borrow().get(key)))
    }

    async fn select(&self, select: &Select) -> Result<Page, PortError> {
        self.fallible(|| Ok(self.home.borrow().select(select)))
    }

    async fn woken(&self, partition: &str, until: Timestamp, limit: u32) -> Result<Vec<Woken>, PortError> {
        self.fallible(|| {
            let now = self.home.borrow().woken(partition, until, limit);
            if !self.index_lags.get() {
                return Ok(now);
            }
            // What stood there at the look before may still stand there.
            let before = self.woken_before.borrow_mut().insert(partition.to_owned(), now.clone());
            let mut both = now;
            for old in before.unwrap_or_default() {
                if !both.contains(&old) {
                    both.push(old);
                }
            }
            Ok(both)
        })
    }
}

impl WriteHome for World {
    async fn write(&self, writes: Vec<Write>) -> Result<(), WriteError> {
        self.call(
            Call::Other,
            || Err(PortError("the call failed".to_owned()).into()),
            || {
                if writes.len() > 100 {
                    return Err(PortError("a transaction takes 100 writes at most".to_owned()).into());
                }
                self.home.borrow_mut().write(writes).map_err(WriteError::Refused)
            },
        )
    }

    async fn add(
        &self,
        key: &Key,
        name: &'static str,
        number: i64,
        only_if: Condition,
    ) -> Result<i64, WriteError> {
        self.call(
            Call::Other,
            || Err(PortError("the call failed".to_owned()).into()),
            || self.home.borrow_mut().add(key, name, number, &only_if).ok_or(WriteError::Refused(0)),
        )
    }

    async fn put_all(&self, items: Vec<Item>) -> Result<(), PortError> {
        self.fallible(|| {
            self.home.borrow_mut().put_all(items);
            Ok(())
        })
    }

    async fn delete_all(&self, keys: Vec<Key>) -> Result<(), PortError> {
        self.fallible(|| {
            self.home.borrow_mut().delete_all(keys);
            Ok(())
        })
    }
}

impl ReadPeople for World {
    async fn people(&self, region: &str, select: &Select) -> Result<Page, PortError> {
        self.fallible_at(Call::Regional(region), || {
            let people = self.people.borrow();
            Ok(people
                .get(region)
                .map_or_else(|| Page { items: Vec::new(), next: None }, |table| table.select(select)))
        })
    }

    async fn people_at(&self, region: &str, keys: Vec<Key>) -> Result<Vec<Item>, PortError> {
        self.fallible_at(Call::Regional(region), || {
            let people = self.people.borrow();
            let table = people.get(region);
            Ok(keys.iter().filter_map(|key| table.and_then(|table| table.get(key))).collect())
        })
    }
}

impl WritePeople for World {
    async fn put_people(&self, region: &str, items: Vec<Item>) -> Result<(), PortError> {
        self.fallible_at(Call::Regional(region), || {
            self.note_inboxed(&items);
            self.people.borrow_mut().entry(region.to_owned()).or_default().put_all(items);
            Ok(())
        })
    }

    async fn write_person(&self, region: &str, write: Write) -> Result<(), WriteError> {
        self.call(
            Call::Regional(region),
            || Err(PortError("the call failed".to_owned()).into()),
            || {
                let mut people = self.people.borrow_mut();
                people.entry(region.to_owned()).or_default().write(vec![write]).map_err(WriteError::Refused)
            },
        )
    }
}

impl ReadQuota for World {
    async fn mail_quota(&self, region: &str) -> Result<Quota, PortError> {
        let of_region = || self.quotas.borrow().get(region).copied();
        self.fallible_at(Call::Regional(region), || Ok(of_region().unwrap_or(self.quota.get())))
    }
}

impl ReadSenders for World {
    async fn sender_standing(&self, region: &str, _: &EmailAddress) -> Result<SenderStanding, PortError> {
        self.fallible_at(Call::Regional(region), || {
            let standing = self.senders.borrow().get(region).copied();
            standing
                .unwrap_or(Some(SenderStanding::Signed))
                .ok_or_else(|| PortError("the provider does not say".to_owned()))
        })
    }
}

impl Pause for World {
    /// The clock is the test's own, and stands still meanwhile.
    async fn pause(&self, time: SignedDuration) {
        self.paused.set(self.paused.get() + time);
    }
}

/// A file of the vault, and what stands for its bytes.
#[derive(Debug, Clone)]
struct Kept {
    bytes: Vec<u8>,
    tag: String,
}

impl Kept {
    fn new(bytes: Vec<u8>) -> Self {
        let tag = hex::encode(&digest("file", &[&bytes])[..8]);
        Self { bytes, tag }
    }
}

impl ReadVault for World {
    async fn look(&self, key: &str) -> Result<Option<File>, PortError> {
        self.fallible(|| {
            let vault = self.vault.borrow();
            Ok(vault.get(key).map(|kept| File { size: kept.bytes.len() as u64, tag: kept.tag.clone() }))
        })
    }

    async fn range(&self, key: &str, tag: &str, from: u64, to: u64) -> Result<Option<Vec<u8>>, PortError> {
        self.fallible(|| {
            let vault = self.vault.borrow();
            let Some(Kept { bytes, .. }) = vault.get(key).filter(|kept| kept.tag == tag) else {
                return Ok(None);
            };
            let end = bytes.len().min(usize::try_from(to).unwrap_or(usize::MAX));
            let start = end.min(usize::try_from(from).unwrap_or(usize::MAX));
            Ok(Some(bytes[start..end].to_vec()))
        })
    }
}

impl WriteVault for World {
    async fn put_file(&self, key: &str, bytes: Vec<u8>) -> Result<(), PortError> {
        self.fallible(|| {
            self.vault.borrow_mut().insert(key.to_owned(), Kept::new(bytes));
            Ok(())
        })
    }
}

impl ReadSecrets for World {
    async fn secret(&self, scope: &TenantScope, name: &str) -> Result<Option<Secret>, PortError> {
        let key = (scope.tenant().to_string(), name.to_owned());
        self.fallible(|| Ok(self.secrets.borrow().get(&key).cloned()))
    }
}

impl WriteSecrets for World {
    async fn create_secret(
        &self,
        scope: &TenantScope,
        name: &str,
        secret: Secret,
    ) -> Result<bool, PortError> {
        let key = (scope.tenant().to_string(), name.to_owned());
        self.fallible(|| {
            let mut secrets = self.secrets.borrow_mut();
            let is_new = !secrets.contains_key(&key);
            secrets.entry(key).or_insert(secret);
            Ok(is_new)
        })
    }

    async fn put_secret(&self, scope: &TenantScope, name: &str, secret: Secret) -> Result<(), PortError> {
        let key = (scope.tenant().to_string(), name.to_owned());
        self.fallible(|| {
            self.secrets.borrow_mut().insert(key, secret);
            Ok(())
        })
    }
}
