//! A run that waits for a second login, followed while it does.

use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;

use super::Engine;
use crate::change::revert::{self, Pending, Proof};
use crate::image::Error;
use crate::wizard::message::{Message, Waiting};

/// How often it is looked whether it waits still: the seconds are counted on the screen.
const PAUSE: Duration = Duration::from_secs(1);

impl Engine {
    /// Tells whether a run waits, and what happened while nobody was here.
    pub(super) fn pending(&self, send: &(dyn Fn(Message) + Sync)) {
        let look = || -> Result<(Option<Pending>, Vec<String>), Error> {
            Ok((self.session.state.pending()?, self.session.state.take_news()?))
        };
        match look() {
            Ok((pending, news)) => {
                if !news.is_empty() {
                    send(Message::News(news));
                }
                send(Message::Pending(pending.map(|pending| self.waiting(pending)), Timestamp::now()));
            }
            Err(error) => {
                send(Message::Failed(format!("Whether a run waits for a second login is not known: {error}.")));
            }
        }
    }

    /// Follows the run that waits until none does. One look at a time is enough.
    pub(super) fn watch(&self, send: &(dyn Fn(Message) + Sync)) {
        if self.watching.swap(true, Ordering::AcqRel) {
            return;
        }
        while self.session.state.pending().is_ok_and(|pending| pending.is_some()) {
            std::thread::sleep(PAUSE);
            self.pending(send);
        }
        self.watching.store(false, Ordering::Release);
        self.pending(send);
    }

    /// A second login works: the run is kept.
    pub(super) fn confirm(&self, send: &(dyn Fn(Message) + Sync)) {
        let result = revert::confirm(&self.image(), &self.session.state);
        send(Message::Confirmed(result.map_err(|error| error.to_string())));
    }

    fn waiting(&self, pending: Pending) -> Waiting {
        let is_second = pending.proof(&self.image()) == Proof::NewLogin;
        Waiting { run: pending.run, until: pending.until, is_second }
    }
}
