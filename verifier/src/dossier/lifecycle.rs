//! What a dossier tells about a lifecycle: the project's facts, and the law that its ledger recorded.

use super::{Dossier, Recorded};
use crate::lifecycle::facts::{Project, Times};
use crate::lifecycle::instant::Seconds;
use crate::lifecycle::verdict::Lifecycle;
use crate::lifecycle::{AsOf, Law, judge};
use crate::record::entry::EntryTime;
use crate::record::subject::Subject;

impl Dossier {
    /// The rulebooks and calendars shown.
    pub fn law(&self) -> Law {
        let mut law = Law::default();
        for (index, recorded) in &self.entries {
            if let (Subject::Rulebook(_) | Subject::Calendar(_), Some(statement)) =
                (&recorded.subject, &recorded.statement)
            {
                law.record(*index, seconds(recorded.time), statement, &recorded.shown);
            }
        }
        law
    }

    /// The notices of the subject asked for, as the rules look at them.
    pub fn project(&self) -> Project {
        let genesis = self.entries.get(&0).map_or(0, |genesis| seconds(genesis.time));
        let id = if let Subject::Project(id) = &self.subject { id.as_str() } else { "" };
        let mut project = Project::new(id, genesis);
        for (index, recorded) in self.own_entries() {
            if let Some(statement) = &recorded.statement {
                project.record(index.0, statement, &recorded.shown, recorded.times());
            }
        }
        project
    }

    /// Holds the law against the project, as of an instant; `law` is [`Dossier::law`]'s.
    pub fn judge<'r>(&self, law: &'r Law, as_of: AsOf) -> Lifecycle<'r> {
        judge(&self.project(), law, as_of)
    }
}

impl Recorded {
    const fn times(&self) -> Times {
        Times { after: self.public.after, by: self.public.by, recorded: seconds(self.time) }
    }
}

const fn seconds(time: EntryTime) -> Seconds {
    (time.0 / 1000).cast_signed()
}
