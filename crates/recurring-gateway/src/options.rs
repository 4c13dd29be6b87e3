use recurring_core::{HttpOptions, InvalidInput};

/// Checks the options together: connecting may not take as long as the whole, since a time-out would then prove nothing.
pub(crate) fn check_options(options: &HttpOptions) -> Result<(), InvalidInput> {
    if options.connect_timeout().is_zero() {
        return Err(InvalidInput::new("connect_timeout", "must be more than zero"));
    }
    if options.connect_timeout() >= options.timeout() {
        return Err(InvalidInput::new(
            "connect_timeout",
            "must be shorter than `timeout`: otherwise a time-out would not show whether the request was sent",
        ));
    }
    if options.max_response_bytes() == 0 {
        return Err(InvalidInput::new("max_response_bytes", "must be more than zero"));
    }
    if options.retry().max_attempts() == 0 {
        return Err(InvalidInput::new("retry.max_attempts", "must be at least 1"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use recurring_core::RetryPolicy;

    use super::*;

    #[test]
    fn a_connect_time_out_must_be_able_to_prove_something() {
        assert!(check_options(&HttpOptions::new()).is_ok());
        let second = Duration::from_secs(1);
        for bad in [
            HttpOptions::new().with_timeout(second).with_connect_timeout(second),
            HttpOptions::new().with_timeout(Duration::ZERO),
            HttpOptions::new().with_connect_timeout(Duration::ZERO),
            HttpOptions::new().with_max_response_bytes(0),
            HttpOptions::new().with_retry(RetryPolicy::new().with_max_attempts(0)),
        ] {
            assert!(check_options(&bad).is_err(), "{bad:?}");
        }
    }
}
