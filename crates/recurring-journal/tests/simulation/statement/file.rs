//! The files in which the gateways could list what they took: for each gateway a form of its own, made from the ledger.

use jiff::tz::TimeZone;
use recurring_core::{Currency, Money, Timestamp};
use recurring_facade::ProviderId;
use recurring_journal::statement::Control;
use recurring_sandbox::{LedgerEntry, LedgerKind};

/// What was taken, with its time.
#[derive(Debug, Clone)]
pub(super) struct Movement {
    pub(super) reference: String,
    pub(super) payment: String,
    pub(super) minor: i64,
    pub(super) currency: String,
    pub(super) at: Timestamp,
}

impl Movement {
    pub(super) fn of((entry, at): (LedgerEntry, Timestamp)) -> Self {
        assert_eq!(entry.kind, LedgerKind::Charge, "the simulation gives nothing back");
        let LedgerEntry { reference, payment, amount_minor, currency, .. } = entry;
        Self { reference, payment, minor: amount_minor, currency, at }
    }
}

/// The map of the columns of a gateway's file.
pub(super) fn map(id: &ProviderId) -> &'static str {
    match id.as_str() {
        "omno" => {
            r#"provider = "omno"
            format = "csv"
            delimiter = ";"
            [columns]
            reference = "Händlerreferenz"
            payment = "Zahlung"
            kind = "Art"
            amount = "Betrag"
            currency = "Währung"
            time = "Buchung"
            [kinds]
            charge = ["Verkauf"]
            ignored = ["Gebühr", "Auszahlung"]
            [amount]
            form = "decimal"
            decimal_point = ","
            [time]
            format = "%d.%m.%Y %H:%M:%S"
            zone = "Europe/Berlin""#
        }
        // The ledger of ngenius has another identifier than its interface, and so the file has none.
        "ngenius" => {
            r#"provider = "ngenius"
            format = "json-lines"
            [columns]
            reference = "merchantOrderReference"
            kind = "type"
            amount = "value"
            currency = "currencyCode"
            time = "created"
            [kinds]
            charge = ["PURCHASE"]
            ignored = ["FEE", "SETTLEMENT"]
            [amount]
            form = "minor"
            [time]
            format = "rfc3339""#
        }
        "tokenpay-signed" => {
            r#"provider = "tokenpay-signed"
            format = "csv"
            [columns]
            reference = "merchant reference"
            payment = "order"
            kind = "transaction"
            amount = "amount"
            time = "date"
            [kinds]
            charge = ["SALE", "RECURRING"]
            ignored = ["FEE", "SETTLEMENT"]
            [amount]
            form = "decimal"
            currency = "USD"
            [time]
            format = "%Y-%m-%d"
            zone = "UTC""#
        }
        "revio" => {
            r#"provider = "revio"
            format = "csv"
            delimiter = "\t"
            [columns]
            reference = "ref"
            payment = "purchase"
            kind = "kind"
            amount = "cents"
            currency = "ccy"
            time = "ts"
            [kinds]
            charge = ["payment"]
            ignored = ["commission", "payout"]
            [amount]
            form = "minor"
            [time]
            format = "unix""#
        }
        _ => {
            r#"provider = "emspay"
            format = "csv"
            [columns]
            reference = "Merchant order, id"
            payment = "Order"
            kind = "Type"
            amount = "Amount"
            currency = "Currency"
            time = "Completed"
            [kinds]
            charge = ["Sale, recurring"]
            ignored = ["Fee", "Payout"]
            [amount]
            form = "decimal"
            [time]
            format = "%Y-%m-%d %H:%M:%S %z""#
        }
    }
}

/// The file, with a fee after each payment, and two payouts at its end.
pub(super) fn written(id: &ProviderId, movements: &[Movement]) -> String {
    let mut text = match id.as_str() {
        "omno" => "Buchung;Art;Händlerreferenz;Zahlung;Betrag;Währung\n",
        "ngenius" => "",
        // As spreadsheets save it.
        "tokenpay-signed" => "\u{feff}date,transaction,merchant reference,order,amount,batch\r\n",
        "revio" => "ts\tkind\tref\tpurchase\tcents\tccy\n",
        _ => "Completed,Type,\"Merchant order, id\",Order,Amount,Currency\n",
    }
    .to_owned();
    for movement in movements {
        text += &lines(id, movement);
    }
    let payout = match id.as_str() {
        "omno" => ";Auszahlung;;;-80,00;EUR\n",
        "ngenius" => "{\"type\":\"SETTLEMENT\",\"value\":-8000}\n",
        "tokenpay-signed" => ",SETTLEMENT,,,-80.00,7\r\n",
        "revio" => "\tpayout\t\t\t-8000\tZAR\n",
        _ => ",Payout,,,-80.00,EUR\n",
    };
    text + payout + payout
}

fn lines(id: &ProviderId, movement: &Movement) -> String {
    let Movement { reference, payment, minor, currency, at } = movement;
    let moment = jiff::Timestamp::from_millisecond(at.unix_millis()).unwrap();
    let (major, cents) = (minor / 100, minor % 100);
    let utc = moment.to_zoned(TimeZone::UTC);
    match id.as_str() {
        "omno" => {
            let time = moment.to_zoned(TimeZone::get("Europe/Berlin").unwrap()).strftime("%d.%m.%Y %H:%M:%S");
            format!(
                "{time};Verkauf;{reference};{payment};{major},{cents:02};{currency}\n\
                 {time};Gebühr;{reference};{payment};-0,35;{currency}\n"
            )
        }
        "ngenius" => format!(
            "{{\"type\":\"PURCHASE\",\"merchantOrderReference\":\"{reference}\",\"value\":{minor},\
             \"currencyCode\":\"{currency}\",\"created\":\"{moment}\"}}\n\
             {{\"type\":\"FEE\",\"merchantOrderReference\":\"{reference}\",\"value\":-35}}\n"
        ),
        "tokenpay-signed" => {
            assert_eq!(currency, "USD");
            let date = utc.strftime("%Y-%m-%d");
            format!(
                "{date},RECURRING,{reference},{payment},{major}.{cents:02},7\r\n\
                 {date},FEE,{reference},{payment},-0.35,7\r\n"
            )
        }
        "revio" => {
            let seconds = moment.as_second();
            format!(
                "{seconds}\tpayment\t{reference}\t{payment}\t{minor}\t{currency}\n\
                 {seconds}\tcommission\t{reference}\t{payment}\t-35\t{currency}\n"
            )
        }
        _ => {
            let time = utc.strftime("%Y-%m-%d %H:%M:%S %z");
            format!(
                "{time},\"Sale, recurring\",{reference},{payment},{major}.{cents:02},{currency}\n\
                 {time},Fee,{reference},{payment},-0.35,{currency}\n"
            )
        }
    }
}

/// How many lines the file of these has, by the gateway's word.
pub(super) fn count(movements: &[Movement]) -> Control {
    // Each with its fee, and two payouts.
    Control { lines: Some(u64::try_from(movements.len()).unwrap() * 2 + 2), totals: Vec::new() }
}

/// The sum of these, by the gateway's word.
pub(super) fn total(movements: &[Movement]) -> Control {
    let currency = Currency::from_code(&movements.first().unwrap().currency).unwrap();
    let minor = movements.iter().map(|movement| movement.minor).sum();
    Control { lines: None, totals: vec![Money::from_minor(minor, currency).unwrap()] }
}
