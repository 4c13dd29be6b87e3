//! The armed faults.

use super::fault::{Fault, Seen, invalid};
use super::kind::{FaultKind, Moment};
use std::io;

/// Faults that are kept at a time.
const FAULTS_KEPT: usize = 1000;

/// The fault that hits a request.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    pub(crate) kind: FaultKind,
    pub(crate) moment: Moment,
}

/// The armed faults, in the order in which they were armed. A request is hit by the first one that matches.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    armed: Vec<Fault>,
}

impl Faults {
    /// Arms a fault, behind the others.
    pub(crate) fn add(&mut self, fault: Fault) -> io::Result<()> {
        let fault = fault.checked()?;
        if self.armed.len() >= FAULTS_KEPT {
            return Err(invalid(format!("more than {FAULTS_KEPT} faults")));
        }
        self.armed.push(fault);
        Ok(())
    }

    /// The faults that are still armed.
    pub(crate) fn list(&self) -> &[Fault] {
        &self.armed
    }

    /// Removes the fault at this place, if it is still the same one.
    pub(crate) fn remove(&mut self, place: usize, same: impl Fn(&Fault) -> bool) {
        if self.armed.get(place).is_some_and(same) {
            drop(self.armed.remove(place));
        }
    }

    pub(crate) fn clear(&mut self) {
        self.armed.clear();
    }

    /// The fault that hits this request.
    pub(crate) fn for_request(&mut self, seen: Seen<'_>) -> Option<Hit> {
        self.take(|fault| !fault.kind.of_connection() && !fault.kind.of_notification() && fault.fits(seen))
    }

    /// The fault that hits a new connection.
    pub(crate) fn for_connection(&mut self) -> Option<Hit> {
        self.take(|fault| fault.kind == FaultKind::RefuseConnection)
    }

    /// The fault that hits a notification of this gateway.
    pub(crate) fn for_notification(&mut self, gateway: &str) -> Option<Hit> {
        self.take(|fault| {
            fault.kind.of_notification() && fault.gateway.as_deref().is_none_or(|wanted| wanted == gateway)
        })
    }

    fn take(&mut self, fits: impl Fn(&Fault) -> bool) -> Option<Hit> {
        let place = self.armed.iter_mut().position(|fault| fits(fault) && fault.strikes())?;
        let fault = self.armed.get_mut(place)?;
        let hit = Hit { kind: fault.kind.clone(), moment: fault.moment };
        match &mut fault.times {
            Some(left) if *left > 1 => *left -= 1,
            Some(_) => drop(self.armed.remove(place)),
            None => {}
        }
        Some(hit)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fault::{LARGEST, LONGEST};
    use super::*;

    fn seen<'a>(gateway: &'a str, method: &'a str, path: &'a str) -> Seen<'a> {
        Seen { gateway, method, path, bearer: false }
    }

    #[test]
    fn fault_hits_matching_requests_so_often() {
        let mut faults = Faults::default();
        faults
            .add(
                Fault::new(FaultKind::Reset)
                    .with_gateway("revio")
                    .with_operation("post /revio/**/charge")
                    .with_times(2),
            )
            .unwrap();
        let charge = seen("revio", "POST", "/revio/api/v1/purchases/1/charge/");
        assert!(faults.for_request(seen("revio", "GET", charge.path)).is_none());
        assert!(faults.for_request(seen("omno", "POST", charge.path)).is_none());
        assert!(faults.for_connection().is_none() && faults.for_notification("revio").is_none());
        assert_eq!(faults.for_request(charge).unwrap().moment, Moment::BeforeActing);
        assert_eq!(faults.list()[0].left(), Some(1));
        assert!(faults.for_request(charge).is_some() && faults.list().is_empty());

        faults.add(Fault::new(FaultKind::Silent)).unwrap();
        assert!(faults.for_request(seen("page", "GET", "/pay/revio/1")).is_none());
        assert!(faults.for_request(seen("", "GET", "/_sandbox/ledger")).is_none());
        faults.clear();
        assert!(faults.for_request(charge).is_none());
    }

    #[test]
    fn same_seed_hits_same_requests() {
        let run = |seed| -> Vec<bool> {
            let mut faults = Faults::default();
            faults.add(Fault::new(FaultKind::Close).with_probability(30, seed)).unwrap();
            (0..1000).map(|_| faults.for_request(seen("omno", "GET", "/omno/x")).is_some()).collect()
        };
        let hits = run(1).into_iter().filter(|hit| *hit).count();
        assert!((250..350).contains(&hits), "{hits}");
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn invalid_fault_is_refused() {
        for fault in [
            Fault::new(FaultKind::Reset).with_times(0),
            Fault::new(FaultKind::Reset).with_gateway("paypal"),
            Fault::new(FaultKind::Reset).with_operation("charge"),
            Fault::new(FaultKind::Reset).with_probability(0, 1),
            Fault::new(FaultKind::Reset).with_probability(101, 1),
            Fault::new(FaultKind::Cut { at: 1 }).with_moment(Moment::BeforeActing),
            Fault::new(FaultKind::RefuseConnection).with_gateway("revio"),
            Fault::new(FaultKind::NotificationDropped).with_operation("POST /x"),
            Fault::new(FaultKind::Delay { millis: LONGEST + 1 }),
            Fault::new(FaultKind::Status { status: 200, retry_after: None }),
            Fault::new(FaultKind::Redirect { status: 307, to: "x".to_owned() }),
            Fault::new(FaultKind::Redirect { status: 304, to: "http://x".to_owned() }),
            Fault::new(FaultKind::HugeBody { bytes: LARGEST + 1 }),
            Fault::new(FaultKind::TokenExpired).with_gateway("revio"),
        ] {
            assert!(Faults::default().add(fault.clone()).is_err(), "{fault:?}");
        }
        let mut full = Faults::default();
        let added = (0..=FAULTS_KEPT).filter(|_| full.add(Fault::new(FaultKind::Reset)).is_ok()).count();
        assert_eq!(added, FAULTS_KEPT);
    }
}
