//! What a responder does about a chunk that may or may not have been sent and whose policy is never to send twice:
//! asks the provider, and settles it.

use serde_json::{Value, json};

use crate::Trouble;
use crate::merchants::SHOP;
use crate::story::{HOME, Scene, text};

/// The chunks that wait for a person.
fn in_doubt(shown: &Value) -> impl Iterator<Item = &str> {
    let attention = shown["incident"]["attention"].as_array().into_iter().flatten();
    let asked = attention.map(text).filter(|task| task.contains("may or may not have been sent"));
    asked.filter_map(|task| task.split(' ').nth(1))
}

/// Settles what waits for a person, as what the provider knows of it. Answers how many chunks were settled.
pub async fn settle(scene: &Scene, shown: &Value) -> Result<usize, Trouble> {
    let mut settled = 0;
    for chunk in in_doubt(shown) {
        let (finding, reason) = match was_texted(scene, shown, chunk).await? {
            Some(true) => ("sent", "the provider's log has the text"),
            Some(false) => ("not-sent", "the provider's log has no such text"),
            // Every mail that SES takes leaves events with our tags: without any it was not taken.
            None => ("not-sent", "the provider has no event of it"),
        };
        let arguments = ["incident", "settle", "--tenant", SHOP, chunk, "--as", finding, "--reason", reason];
        // Refused when an event was faster: then there is nothing to settle any more.
        if scene.responder.run(&arguments).await?.code == 0 {
            settled += 1;
        }
    }
    Ok(settled)
}

/// Whether the text of a chunk stands in the provider's log; `None` for a chunk that is no text.
async fn was_texted(scene: &Scene, shown: &Value, chunk: &str) -> Result<Option<bool>, Trouble> {
    let [incident, plan, number, place] = chunk.split('-').collect::<Vec<_>>()[..] else {
        return Err(format!("{chunk} is no chunk").into());
    };
    let waves = shown["plan"]["waves"].as_array().ok_or("no waves")?;
    let wanted = Some(number.parse()?);
    let wave = waves.iter().find(|wave| wave["number"].as_u64() == wanted).ok_or("no such wave")?;
    if wave["channel"] != "sms" {
        return Ok(None);
    }
    let place: u32 = place.parse()?;
    let partition = format!("{SHOP}#{incident}#{plan}-{number}");
    let chunk = document(scene, HOME, "tocsin-home", &partition, &format!("chunk#{place:08}")).await?;
    let recipient = text(&chunk["notices"][0]).trim_start_matches('p').split(':').next().unwrap_or_default();
    let (person, slice) = recipient.split_once('.').ok_or("a text has no person")?;
    let scope = &shown["plan"]["scope"]["version"];
    let partition = format!("{SHOP}#{incident}-{scope}#{}", person.get(..1).unwrap_or_default());
    let slice: u32 = slice.split('.').next().unwrap_or_default().parse()?;
    let region = text(&wave["region"]);
    let record =
        document(scene, region, "tocsin-people", &partition, &format!("{person}#{slice:08}")).await?;
    let phone = text(&record["phone"]);
    Ok(Some(scene.cloud().sent_texts().await?.iter().any(|sent| sent.phone == phone)))
}

/// A record as the store keeps it: past the product, as only somebody with the account's own keys can.
async fn document(
    scene: &Scene,
    region: &str,
    table: &str,
    partition: &str,
    sort: &str,
) -> Result<Value, Trouble> {
    let key = json!({ "pk": { "S": partition }, "sk": { "S": sort } });
    let ask = json!({ "TableName": table, "Key": key });
    let answer = scene.cloud().json("dynamodb", region, "DynamoDB_20120810.GetItem", &ask).await?;
    Ok(serde_json::from_str(text(&answer["Item"]["doc"]["S"]))?)
}
