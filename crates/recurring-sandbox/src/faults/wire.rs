//! A fault as JSON: one flat object, in which every member must belong to the kind.

use super::fault::Fault;
use super::kind::{FaultKind, Moment};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    when: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gateway: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    /// Missing: once, or with a probability until cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probability: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    millis: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after: Option<u32>,
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire::from(self.clone()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fault, D::Error> {
        Fault::try_from(Wire::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// The kinds without members.
const PLAIN: [(&str, FaultKind); 13] = [
    ("refuse_connection", FaultKind::RefuseConnection),
    ("silent", FaultKind::Silent),
    ("reset", FaultKind::Reset),
    ("close", FaultKind::Close),
    ("garbage", FaultKind::Garbage),
    ("wrong_content_type", FaultKind::WrongContentType),
    ("unknown_status", FaultKind::UnknownStatus),
    ("other_amount", FaultKind::OtherAmount),
    ("token_expired", FaultKind::TokenExpired),
    ("notification_duplicated", FaultKind::NotificationDuplicated),
    ("notification_reordered", FaultKind::NotificationReordered),
    ("notification_dropped", FaultKind::NotificationDropped),
    ("notification_forged", FaultKind::NotificationForged),
];

impl TryFrom<Wire> for Fault {
    type Error = String;

    fn try_from(mut wire: Wire) -> Result<Fault, String> {
        let needs = |name: &str| format!("{name} is needed for this kind");
        let kind = match wire.kind.as_str() {
            "close_port" => {
                FaultKind::ClosePort { millis: wire.millis.take().ok_or_else(|| needs("millis"))? }
            }
            "delay" => FaultKind::Delay { millis: wire.millis.take().ok_or_else(|| needs("millis"))? },
            "cut" => FaultKind::Cut { at: wire.at.take().ok_or_else(|| needs("at"))? },
            "huge_body" => FaultKind::HugeBody { bytes: wire.bytes.take().ok_or_else(|| needs("bytes"))? },
            "redirect" => FaultKind::Redirect {
                status: wire.status.take().ok_or_else(|| needs("status"))?,
                to: wire.to.take().ok_or_else(|| needs("to"))?,
            },
            "status" => FaultKind::Status {
                status: wire.status.take().ok_or_else(|| needs("status"))?,
                retry_after: wire.retry_after.take(),
            },
            plain => {
                let found = PLAIN.into_iter().find(|(name, _)| *name == plain);
                found.ok_or_else(|| "kind: unknown".to_owned())?.1
            }
        };
        let left = [
            ("at", wire.at.is_some()),
            ("bytes", wire.bytes.is_some()),
            ("millis", wire.millis.is_some()),
            ("status", wire.status.is_some()),
            ("to", wire.to.is_some()),
            ("retry_after", wire.retry_after.is_some()),
            ("seed", wire.seed.is_some() && wire.probability.is_none()),
        ];
        if let Some((name, _)) = left.into_iter().find(|(_, left)| *left) {
            return Err(format!("{name}: not for this fault"));
        }
        let mut fault = Fault::new(kind);
        if let Some(percent) = wire.probability {
            fault = fault.with_probability(percent, wire.seed.unwrap_or(0));
        }
        fault.moment = wire.when.unwrap_or(fault.moment);
        fault.times = wire.times.or(fault.times);
        (fault.gateway, fault.operation) = (wire.gateway, wire.operation);
        fault.check()?;
        Ok(fault)
    }
}

impl From<Fault> for Wire {
    fn from(fault: Fault) -> Wire {
        // Until cleared is the same as a probability of 100 percent.
        let always = (fault.times.is_none() && fault.probability.is_none()).then_some(100);
        let mut wire = Wire {
            when: Some(fault.moment),
            gateway: fault.gateway,
            operation: fault.operation,
            times: fault.times,
            seed: fault.probability.map(|_| fault.seed),
            probability: fault.probability.or(always),
            ..Wire::default()
        };
        let name = match fault.kind {
            FaultKind::ClosePort { millis } => {
                wire.millis = Some(millis);
                "close_port"
            }
            FaultKind::Delay { millis } => {
                wire.millis = Some(millis);
                "delay"
            }
            FaultKind::Cut { at } => {
                wire.at = Some(at);
                "cut"
            }
            FaultKind::HugeBody { bytes } => {
                wire.bytes = Some(bytes);
                "huge_body"
            }
            FaultKind::Redirect { status, to } => {
                (wire.status, wire.to) = (Some(status), Some(to));
                "redirect"
            }
            FaultKind::Status { status, retry_after } => {
                (wire.status, wire.retry_after) = (Some(status), retry_after);
                "status"
            }
            plain => PLAIN.into_iter().find(|(_, kind)| *kind == plain).map_or("", |(name, _)| name),
        };
        name.clone_into(&mut wire.kind);
        wire
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_round_trips_as_json() {
        let mut faults: Vec<Fault> = PLAIN.into_iter().map(|(_, kind)| Fault::new(kind)).collect();
        let to = "http://127.0.0.1:1/".to_owned();
        for kind in [
            FaultKind::ClosePort { millis: 5 },
            FaultKind::Delay { millis: 5 },
            FaultKind::Cut { at: 0 },
            FaultKind::HugeBody { bytes: 9 },
            FaultKind::Redirect { status: 307, to },
            FaultKind::Status { status: 429, retry_after: Some(3) },
        ] {
            faults.push(Fault::new(kind));
        }
        faults.push(
            Fault::new(FaultKind::Reset).with_moment(Moment::AfterActing).with_gateway("omno").with_times(7),
        );
        faults.push(
            Fault::new(FaultKind::Close).with_operation("* /omno/**").with_probability(20, 4).with_times(2),
        );
        for fault in faults {
            let text = serde_json::to_string(&fault).unwrap();
            assert_eq!(serde_json::from_str::<Fault>(&text).unwrap(), fault, "{text}");
        }
        let always = serde_json::to_value(Fault::new(FaultKind::Close).until_cleared()).unwrap();
        assert_eq!(always["probability"], 100);
    }

    #[test]
    fn invalid_json_fault_is_refused() {
        for text in [
            r#"{}"#,
            r#"{"kind":"explode"}"#,
            r#"{"kind":"reset","time":1}"#,
            r#"{"kind":"reset","millis":1}"#,
            r#"{"kind":"reset","seed":1}"#,
            r#"{"kind":"delay"}"#,
            r#"{"kind":"cut","at":-1}"#,
            r#"{"kind":"cut","at":1,"when":"before_acting"}"#,
            r#"{"kind":"status","status":200}"#,
        ] {
            assert!(serde_json::from_str::<Fault>(text).is_err(), "{text}");
        }
    }
}
