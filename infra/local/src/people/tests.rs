use proptest::prelude::*;

use super::*;

fn two_tenants(seed: u64, affected: usize) -> Vec<Population> {
    let size = |tenant: &str| TenantSize { tenant: tenant.to_owned(), affected, unaffected: affected / 10 };
    populate(seed, &[size("aurora"), size("borealis")])
}

#[test]
fn the_same_seed_gives_the_same_people() {
    let (first, second) = (two_tenants(7, 500), two_tenants(7, 500));
    assert_eq!(first[0].manifest, second[0].manifest);
    assert_eq!(first[1].people, second[1].people);
    assert_ne!(first[0].manifest, two_tenants(8, 500)[0].manifest);
}

#[test]
fn the_shares_are_as_promised() {
    let population = &two_tenants(1, 10_000)[0];
    let count = |reach| population.with_reach(reach).count();
    assert_eq!(count(Reach::PhoneOnly), 300);
    assert_eq!(count(Reach::Nothing), 50);
    assert_eq!(count(Reach::MailThatBounces), 200);
    assert_eq!(count(Reach::Mail), 9_450);
    assert_eq!(population.affected().filter(|person| person.again.is_some()).count(), 100);
    assert_eq!(population.people.iter().filter(|person| !person.affected).count(), 1_000);
    assert_eq!(population.broken.len(), 9);
    assert_eq!(population.residences().len(), 18);
    assert!(population.residences().values().all(|count| *count > 400));
}

#[test]
fn a_few_are_customers_of_both() {
    let populations = two_tenants(2, 1_000);
    let everyone = |population: &Population| -> BTreeSet<String> {
        population.people.iter().filter_map(|person| person.mailbox.clone()).collect()
    };
    let both = everyone(&populations[0]).intersection(&everyone(&populations[1])).count();
    assert_eq!(both, 5);
}

#[test]
fn duplicates_are_spelled_in_every_way() {
    let population = &two_tenants(3, 10_000)[0];
    let by_id: BTreeMap<&str, &Person> = population.people.iter().map(|one| (one.id.as_str(), one)).collect();
    let mut ways = BTreeSet::new();
    for again in population.people.iter().filter(|person| person.again.is_some()) {
        let first = by_id[again.again.as_deref().unwrap()];
        assert_eq!(again.mailbox, first.mailbox);
        assert_ne!(again.email, first.email);
        let (first, again) = (first.email.as_deref().unwrap(), again.email.as_deref().unwrap());
        ways.insert(match again {
            _ if !first.is_ascii() => "domain",
            _ if again.trim() == first => "spaces",
            _ if again.to_lowercase() == first => "case",
            _ => "both",
        });
    }
    assert_eq!(ways, BTreeSet::from(["both", "case", "domain", "spaces"]));
}

#[test]
fn the_manifest_is_csv_but_for_the_broken_rows() {
    let population = &two_tenants(4, 5_000)[0];
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(population.manifest.as_slice());
    assert_eq!(reader.byte_headers().unwrap().iter().collect::<Vec<_>>(), COLUMNS.map(str::as_bytes));
    let affected: Vec<&Person> = population.affected().collect();
    let mut read = affected.iter();
    let mut broken = Vec::new();
    for record in reader.byte_records() {
        let record = record.unwrap();
        let line = usize::try_from(record.position().unwrap().line()).unwrap();
        let what = match std::str::from_utf8(&record[1]) {
            Err(_) => Some(Broken::Encoding),
            Ok(_) if record.len() != COLUMNS.len() => Some(Broken::Columns),
            Ok(_) if record[2].contains(&b'\n') => Some(Broken::Address),
            Ok(_) => None,
        };
        match what {
            Some(what) => broken.push(BrokenRow { line, what }),
            None => {
                let person = read.next().unwrap();
                let text = |column: usize| String::from_utf8(record[column].to_vec()).unwrap();
                assert_eq!(text(0), person.id);
                assert_eq!(text(1), person.name);
                assert_eq!(text(2), person.email.clone().unwrap_or_default());
                assert_eq!(text(3), person.phone.clone().unwrap_or_default());
                assert_eq!(
                    [text(4), text(5), text(6)],
                    [&*person.country, &*person.province, &*person.locale]
                );
            }
        }
    }
    assert_eq!(read.next(), None);
    assert_eq!(broken, population.broken);
    assert_eq!(broken.len(), 4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the size: nobody real is named, and nobody shares a mailbox or a number with somebody else.
    #[test]
    fn everybody_is_made_up_and_unique(seed: u64, affected in 0usize..400) {
        let populations = two_tenants(seed, affected);
        let mut mailboxes = BTreeMap::new();
        let mut phones = BTreeMap::new();
        for (person, tenant) in populations.iter().flat_map(|one| one.people.iter().map(move |p| (p, &one.tenant))) {
            if let Some(mailbox) = &person.mailbox {
                let domain = mailbox.rsplit_once('@').unwrap().1;
                prop_assert!(domain.is_ascii());
                prop_assert!(domain.ends_with(".example") || domain.starts_with("example."));
                if person.again.is_none() {
                    let name = mailboxes.entry(mailbox.clone()).or_insert((person.name.clone(), tenant.clone()));
                    // The same mailbox twice is the same person as a customer of the other tenant.
                    prop_assert!(name.0 == person.name);
                }
            }
            if let Some(phone) = &person.phone {
                prop_assert!(is_fictional(phone), "{phone}");
                let owner = phones.entry(phone.clone()).or_insert_with(|| person.name.clone());
                prop_assert_eq!(&*owner, &person.name);
            }
            match person.reach {
                Reach::Mail | Reach::MailThatBounces => prop_assert!(person.mailbox.is_some()),
                Reach::PhoneOnly => prop_assert!(person.mailbox.is_none() && person.phone.is_some()),
                Reach::Nothing => prop_assert!(person.mailbox.is_none() && person.phone.is_none()),
            }
        }
    }
}

/// The ranges, written down once more and independently.
fn is_fictional(phone: &str) -> bool {
    let american = phone.len() == 12
        && phone.starts_with("+1")
        && phone.get(5..9) == Some("5550")
        && phone.get(9..10) == Some("1");
    let elsewhere = [
        ("+4917139200", 13),
        ("+49176040690", 14),
        ("+3363998", 12),
        ("+447700900", 13),
        ("+467017406", 12),
        ("+3532091", 13),
        ("+61491570", 12),
    ];
    american || elsewhere.iter().any(|(prefix, length)| phone.starts_with(prefix) && phone.len() == *length)
}
