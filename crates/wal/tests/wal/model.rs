//! The log's rules on real bytes, exhaustively, over small histories: every sequence of a few
//! operations is run, every subset of the unsynced sectors and names survives a crash at every
//! point, recovery runs, is itself crashed at every step, and further runs of the program follow.
//! Groups overwrite prepared room: zeros, or what remains of a covered segment in whose file the
//! next one is written. Large batches put a chunk in its place before the record that refers to it;
//! what a crash leaves of a lost one is written over by the next.
//! After each recovery nothing durable may be lost, what is recovered must be a prefix of what was
//! accepted, batches whole, no tear may be called damage, and where nothing was in flight no tear
//! may be told; damage to any one segment header changes nothing about that, and damage to any one
//! chunk is told.
//!
//! A rule that is taken out must make it fail, or the model would prove nothing.

mod disk;
mod recovery;

use disk::{Disk, Name};
use recovery::{Manifest, commit_manifest, recover};
use rotortree_wal::{CHUNK_LEAVES, ChunkRun, GroupBuffer, Position, SECTOR};

use crate::support::header;

/// The rules of durability, each of which can be taken out.
#[derive(Clone, Copy)]
struct Rules {
    /// Only what a sync has covered is attested.
    only_synced_is_attested: bool,
    /// Nothing in a new segment is acknowledged before the old one is synced to its end.
    old_segment_is_synced_first: bool,
    /// Groups beyond what a later segment continues from are dead.
    superseded_groups_are_dead: bool,
    /// Recovery copies the records above A into the new segment.
    what_is_above_is_copied: bool,
    /// The new segment's header attests the copies, which are synced before it gets its name. Both
    /// ways are right.
    copies_are_attested: bool,
    /// The manifest that holds the newest segment's header is synced before anything in that
    /// segment is acknowledged.
    manifest_is_synced_first: bool,
    /// Each header holds its predecessor's.
    headers_hold_the_one_before: bool,
    /// The manifest of a checkpoint is durable before the file of a covered segment is written to.
    only_covered_files_are_reused: bool,
    /// The header of a segment in the file of another says so.
    remains_are_told: bool,
    /// A chunk is synced before the first byte of its record is written.
    chunks_are_synced_first: bool,
    /// The name of its file, too.
    chunk_names_are_synced_first: bool,
    /// A record is valid only with its chunk.
    chunks_are_compared: bool,
}

const ALL: Rules = Rules {
    only_synced_is_attested: true,
    old_segment_is_synced_first: true,
    superseded_groups_are_dead: true,
    what_is_above_is_copied: true,
    copies_are_attested: true,
    manifest_is_synced_first: true,
    headers_hold_the_one_before: true,
    only_covered_files_are_reused: true,
    remains_are_told: true,
    chunks_are_synced_first: true,
    chunk_names_are_synced_first: true,
    chunks_are_compared: true,
};

#[derive(Clone, Copy)]
enum Operation {
    /// A batch of one record, whose group takes two sectors.
    Write,
    /// A batch of two records in two groups.
    Stream,
    /// A batch of metadata alone, after which a chunk can begin.
    Note,
    /// A batch of one chunk, put in its place before its record is written.
    Refer,
    /// An attest mark, which nothing syncs.
    Mark,
    Sync,
    Rotate,
    /// A checkpoint, which rotates first and keeps the file of the segment before.
    Checkpoint,
}

use Operation::{Checkpoint, Mark, Note, Refer, Rotate, Stream, Sync, Write};

/// A batch as it was accepted or recovered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Batch {
    value: u64,
    leaves: u64,
    end: u64,
}

impl Batch {
    fn is_chunk(&self) -> bool {
        self.leaves == CHUNK_LEAVES as u64
    }
}

/// The batches that are chunks, each with its place.
fn chunks(batches: &[Batch]) -> impl Iterator<Item = (u64, Batch)> {
    let chunks = batches.iter().copied().filter(Batch::is_chunk);
    (0..).zip(chunks)
}

fn root(sequence: u64) -> [u8; 32] {
    [sequence as u8; 32]
}

/// A run of the program: what it wrote, and what it was told.
#[derive(Clone)]
struct Run {
    disk: Disk,
    accepted: Vec<Batch>,
    durable: u64,
    manifest: Manifest,
    /// The end of the last group, in sectors.
    used: usize,
    /// The first segment of this run of the program.
    first: u64,
    history: String,
}

impl Run {
    fn end(&self) -> Position {
        let sequence = self.accepted.last().map_or(0, |batch| batch.end);
        let size = self.accepted.iter().map(|batch| batch.leaves).sum();
        Position {
            sequence,
            size,
            root: root(sequence),
        }
    }

    fn newest(&self) -> Name {
        Name::Segment(self.manifest.newest.number)
    }

    /// Writes a group over the room behind the last one, and prepares the sector behind it.
    fn append(&mut self, group: &[u8]) {
        let end = self.used + group.len() / SECTOR;
        self.disk.prepare(self.newest(), end + 1);
        self.disk.write(self.newest(), self.used, group);
        self.used = end;
    }
}

struct Model<'a> {
    rules: Rules,
    operations: &'a [Operation],
    depth: usize,
    images: u64,
    ids: u64,
}

impl Model<'_> {
    fn id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// Crashes the run now, in every way, and checks every recovery.
    fn crash(&mut self, run: &Run, runs: usize) -> Result<(), String> {
        let in_flight = !run.disk.is_synced();
        for image in run.disk.crash_images() {
            self.check(&image, run, runs, in_flight)?;
        }
        Ok(())
    }

    fn check(
        &mut self,
        image: &Disk,
        run: &Run,
        runs: usize,
        in_flight: bool,
    ) -> Result<(), String> {
        self.images += 1;
        let mut found =
            recover(image, self.rules).map_err(|error| format!("{}: {error}", run.history))?;
        if found.end < run.durable {
            return Err(format!(
                "{}: lost what was durable up to {}",
                run.history, run.durable
            ));
        }
        let covered = |batch: &&Batch| batch.end <= found.covered.sequence;
        let mut recovered: Vec<Batch> = run.accepted.iter().take_while(covered).copied().collect();
        recovered.extend(&found.batches);
        if !run.accepted.starts_with(&recovered) {
            return Err(format!("{}: not a prefix: {recovered:?}", run.history));
        }
        for (place, batch) in chunks(&recovered) {
            if image.chunk(place) != Some((batch.value as u32, true)) {
                return Err(format!("{}: chunk {place} is another's", run.history));
            }
        }
        if found.is_torn && !in_flight {
            return Err(format!(
                "{}: a tear although nothing was in flight",
                run.history
            ));
        }
        // Behind the first 200,000 images one in 16, or deep histories would take hours.
        if self.images <= 200_000 || self.images.is_multiple_of(16) {
            self.check_damaged_headers(image, run, &found.batches)?;
            let covered =
                chunks(&recovered[..recovered.len() - found.batches.len()]).count() as u64;
            self.check_damaged_chunks(image, run, covered)?;
        }
        let Some(runs) = runs.checked_sub(1) else {
            return Ok(());
        };
        let salt = self.id();
        let (manifest, steps) = found.start_segment(image, self.rules, salt);
        let mut again = Run {
            history: format!("{}/", run.history),
            ..run.clone()
        };
        for step in steps {
            again.disk = step;
            self.crash(&again, 0)?;
        }
        let next = Run {
            used: again.disk.len(Name::Segment(manifest.newest.number)),
            disk: again.disk,
            accepted: recovered,
            durable: found.end,
            manifest,
            first: manifest.newest.number,
            history: format!("{}|", run.history),
        };
        self.explore(&next, self.depth, runs, true)
    }

    /// Crashes the run now, and after every operation that it could do next.
    fn explore(&mut self, run: &Run, left: usize, runs: usize, synced: bool) -> Result<(), String> {
        self.crash(run, runs)?;
        let Some(left) = left.checked_sub(1) else {
            return Ok(());
        };
        for operation in self.operations {
            let mut next = run.clone();
            match operation {
                Write => self.write(&mut next, &[false]),
                Stream => self.write(&mut next, &[true, false]),
                Note => self.note(&mut next),
                Refer => self.refer(&mut next, runs)?,
                Mark => {
                    let mut group = GroupBuffer::new(next.end().sequence + 1);
                    let mark = group.seal(next.manifest.newest.salt, next.durable, &next.end());
                    next.append(mark);
                    next.history.push('m');
                }
                Sync if synced => continue,
                Sync => {
                    next.disk.sync(next.newest());
                    next.durable = next.end().sequence;
                    next.history.push('s');
                }
                Rotate => self.rotate(&mut next, runs)?,
                Checkpoint => self.checkpoint(&mut next, runs)?,
            }
            let synced = matches!(operation, Sync | Rotate | Checkpoint);
            self.explore(&next, left, runs, synced)?;
        }
        Ok(())
    }

    /// Writes a batch of as many groups as are given, each with whether more follow.
    fn write(&mut self, run: &mut Run, parts: &[bool]) {
        let value = self.id();
        let mut leaf = [0; 32];
        leaf[..8].copy_from_slice(&value.to_le_bytes());
        let before = run.end();
        let mut group = GroupBuffer::new(before.sequence + 1);
        let attested = if self.rules.only_synced_is_attested {
            run.durable
        } else {
            before.sequence
        };
        let leaves = parts.len() as u64;
        for more in parts {
            let metadata = (!more).then_some(&[0x3e; 400][..]);
            let end = group
                .push_part(&[leaf], metadata, *more)
                .expect("the part is valid");
            if !more {
                run.accepted.push(Batch { value, leaves, end });
            }
            let sealed = group.seal(run.manifest.newest.salt, attested, &run.end());
            run.append(sealed);
            group.clear();
        }
        run.history.push(if parts.len() == 1 { 'w' } else { 'b' });
    }

    /// Writes a batch of metadata alone.
    fn note(&mut self, run: &mut Run) {
        let value = self.id();
        let metadata = [&value.to_le_bytes()[..], &[0x3e; 392]].concat();
        self.group(run, value, 0, |group| {
            let pushed = group.push_batch(&[], Some(&metadata));
            pushed.expect("the batch is valid")
        });
        run.history.push('n');
    }

    /// Puts a chunk, crashing at every step on the way, and writes the record that refers to it.
    fn refer(&mut self, run: &mut Run, runs: usize) -> Result<(), String> {
        run.history.push('R');
        let value = self.id();
        let first = run.end().size / CHUNK_LEAVES as u64;
        run.disk.put_chunk(first, value as u32);
        self.crash(run, runs)?;
        if self.rules.chunks_are_synced_first {
            run.disk.sync(Name::Chunks);
            self.crash(run, runs)?;
        }
        if self.rules.chunk_names_are_synced_first {
            run.disk.sync_directory();
            self.crash(run, runs)?;
        }
        self.group(run, value, CHUNK_LEAVES as u64, |group| {
            let chunk = ChunkRun {
                first,
                front: 0,
                locator: b"",
                sums: &[(value as u32).to_le_bytes()],
            };
            let pushed = group.push_chunks(&[], chunk, Some(&[0x3e; 300]), false);
            pushed.expect("the batch is valid")
        });
        Ok(())
    }

    /// Accepts a batch and writes it as one group.
    fn group(
        &mut self,
        run: &mut Run,
        value: u64,
        leaves: u64,
        push: impl FnOnce(&mut GroupBuffer) -> u64,
    ) {
        let mut group = GroupBuffer::new(run.end().sequence + 1);
        let end = push(&mut group);
        run.accepted.push(Batch { value, leaves, end });
        let sealed = group.seal(run.manifest.newest.salt, run.durable, &run.end());
        run.append(sealed);
    }

    /// Goes on in a new segment, crashing at every step on the way.
    fn rotate(&mut self, run: &mut Run, runs: usize) -> Result<(), String> {
        run.history.push('r');
        if self.rules.old_segment_is_synced_first {
            run.disk.sync(run.newest());
        }
        run.durable = run.end().sequence;
        let before = run.manifest.newest;
        let mut head = header(before.number + 1, run.end());
        head.salt = self.id();
        head.previous = Some(before).filter(|_| self.rules.headers_hold_the_one_before);
        let name = Name::Segment(head.number);
        if run.disk.exists(Name::Spare) {
            let temporary = Name::Temporary(head.number);
            run.disk.rename(Name::Spare, temporary);
            self.crash(run, runs)?;
            if self.rules.remains_are_told {
                head.remains = (run.disk.len(temporary) * SECTOR) as u64;
            }
            run.disk.write(temporary, 0, &head.encode());
            self.crash(run, runs)?;
            run.disk.sync(temporary);
            run.disk.rename(temporary, name);
            self.crash(run, runs)?;
        } else {
            run.disk.write(name, 0, &head.encode());
            self.crash(run, runs)?;
            run.disk.sync(name);
            self.crash(run, runs)?;
        }
        run.disk.sync_directory();
        run.manifest.newest = head.copy();
        run.used = 1;
        self.commit(run, runs)
    }

    /// Makes a checkpoint of everything accepted, crashing at every step on the way, and keeps the
    /// file of the segment before as the spare one, if this run created it.
    fn checkpoint(&mut self, run: &mut Run, runs: usize) -> Result<(), String> {
        self.rotate(run, runs)?;
        run.history.push('c');
        run.manifest.covered = run.end();
        let covered = run.manifest.first..run.manifest.newest.number;
        run.manifest.first = covered.end;
        if self.rules.only_covered_files_are_reused {
            self.commit(run, runs)?;
        }
        for number in covered {
            let name = Name::Segment(number);
            if number >= run.first && !run.disk.exists(Name::Spare) {
                run.disk.rename(name, Name::Spare);
            } else {
                run.disk.remove(name);
            }
            self.crash(run, runs)?;
        }
        if !self.rules.only_covered_files_are_reused {
            self.commit(run, runs)?;
        }
        Ok(())
    }

    fn commit(&mut self, run: &mut Run, runs: usize) -> Result<(), String> {
        let mut disk = run.disk.clone();
        for step in commit_manifest(&mut disk, self.rules, &run.manifest) {
            run.disk = step;
            self.crash(run, runs)?;
        }
        Ok(())
    }

    /// Damage to any one header changes nothing about the recovered entries.
    fn check_damaged_headers(
        &self,
        image: &Disk,
        run: &Run,
        batches: &[Batch],
    ) -> Result<(), String> {
        for number in image.segments() {
            let told = |error: String| format!("{}, header {number} damaged: {error}", run.history);
            let found = recover(&image.with_damaged_header(number), self.rules).map_err(told)?;
            if found.end < run.durable || !batches.starts_with(&found.batches) {
                return Err(told(format!("recovered up to {}", found.end)));
            }
        }
        Ok(())
    }

    /// Other bytes in a chunk that no checkpoint covers are told, or no record that counts refers
    /// to it.
    fn check_damaged_chunks(&self, image: &Disk, run: &Run, covered: u64) -> Result<(), String> {
        for (place, _) in chunks(&run.accepted).filter(|(place, _)| *place >= covered) {
            let Ok(found) = recover(&image.with_damaged_chunk(place), self.rules) else {
                continue;
            };
            if chunks(&found.batches).count() as u64 + covered > place {
                let history = &run.history;
                return Err(format!(
                    "{history}: chunk {place} damaged, and nothing told"
                ));
            }
        }
        Ok(())
    }
}

/// Explores all histories and returns how many crash images there were, or the first that recovery
/// got wrong.
fn explore(
    rules: Rules,
    operations: &[Operation],
    depth: usize,
    runs: usize,
) -> Result<u64, String> {
    let mut model = Model {
        rules,
        operations,
        depth,
        images: 0,
        ids: 0,
    };
    let mut head = header(1, Position::START);
    head.salt = model.id();
    let mut disk = Disk::default();
    disk.write(Name::Segment(1), 0, &head.encode());
    disk.sync(Name::Segment(1));
    disk.sync_directory();
    let manifest = Manifest::new(head.copy());
    commit_manifest(&mut disk, ALL, &manifest);
    let run = Run {
        disk,
        accepted: Vec::new(),
        durable: 0,
        manifest,
        used: 1,
        first: 1,
        history: String::new(),
    };
    model.explore(&run, depth, runs, true)?;
    Ok(model.images)
}

/// Checks that the rules hold over all histories of these operations. The number of crash images
/// shows that none was left out.
#[track_caller]
fn holds(rules: Rules, operations: &[Operation], depth: usize, runs: usize, images: u64) {
    assert_eq!(explore(rules, operations, depth, runs), Ok(images));
}

const PLAIN: &[Operation] = &[Write, Sync, Rotate];

#[test]
fn the_rules_hold_over_long_runs() {
    holds(ALL, PLAIN, 3, 1, 58_584);
}

#[test]
fn the_rules_hold_over_several_runs() {
    holds(ALL, PLAIN, 1, 3, 259_480);
}

#[test]
fn the_rules_hold_with_streamed_batches_and_attest_marks() {
    holds(ALL, &[Stream, Mark, Sync, Rotate], 2, 1, 35_404);
}

#[test]
fn the_rules_hold_with_checkpoints_and_files_that_are_reused() {
    holds(ALL, &[Write, Sync, Checkpoint], 3, 1, 360_364);
}

#[test]
fn the_rules_hold_with_chunks_before_their_records() {
    holds(ALL, &[Note, Refer, Sync, Rotate], 2, 1, 53_156);
    holds(ALL, &[Note, Refer, Sync, Checkpoint], 3, 0, 2_176);
}

#[test]
fn the_rules_hold_where_the_next_run_puts_other_chunks_in_the_places_of_lost_ones() {
    holds(ALL, &[Refer, Sync, Checkpoint], 1, 2, 261_344);
}

#[test]
fn the_rules_hold_where_recovery_attests_no_more_than_before() {
    holds(
        Rules {
            copies_are_attested: false,
            ..ALL
        },
        PLAIN,
        2,
        1,
        5_956,
    );
}

#[test]
fn attesting_what_is_not_synced_calls_a_crash_damage() {
    let rules = Rules {
        only_synced_is_attested: false,
        ..ALL
    };
    let failure = explore(rules, PLAIN, 2, 1).expect_err("the rule is needed");
    assert!(failure.contains("a crash called damage"), "{failure}");
}

#[test]
fn acknowledging_a_segment_before_the_old_one_is_synced_calls_a_crash_damage() {
    let rules = Rules {
        old_segment_is_synced_first: false,
        ..ALL
    };
    let failure = explore(rules, PLAIN, 2, 1).expect_err("the rule is needed");
    assert!(
        failure.contains("lost") || failure.contains("a crash called damage"),
        "{failure}"
    );
}

#[test]
fn counting_superseded_groups_loses_or_mixes_records() {
    let rules = Rules {
        superseded_groups_are_dead: false,
        ..ALL
    };
    let failure = explore(rules, PLAIN, 2, 2).expect_err("the rule is needed");
    assert!(failure.contains('|'), "it takes a second run: {failure}");
}

#[test]
fn not_copying_what_is_above_what_is_attested_loses_it() {
    let rules = Rules {
        what_is_above_is_copied: false,
        copies_are_attested: false,
        ..ALL
    };
    let failure = explore(rules, PLAIN, 2, 1).expect_err("the rule is needed");
    assert!(
        failure.contains("lost") || failure.contains("recovered up to"),
        "{failure}"
    );
}

#[test]
fn acknowledging_in_a_segment_whose_header_no_durable_manifest_holds_loses_records_with_the_header()
{
    let rules = Rules {
        manifest_is_synced_first: false,
        ..ALL
    };
    let failure = explore(rules, PLAIN, 3, 1).expect_err("the rule is needed");
    assert!(
        failure.contains("header") && failure.contains("damaged"),
        "{failure}"
    );
}

#[test]
fn a_header_that_does_not_hold_the_one_before_loses_records_with_the_header() {
    let rules = Rules {
        headers_hold_the_one_before: false,
        ..ALL
    };
    let failure = explore(rules, PLAIN, 2, 1).expect_err("the rule is needed");
    assert!(failure.contains("header 1 damaged"), "{failure}");
}

#[test]
fn a_file_that_is_reused_before_the_checkpoint_is_durable_loses_its_records() {
    let rules = Rules {
        only_covered_files_are_reused: false,
        ..ALL
    };
    let failure = explore(rules, &[Write, Checkpoint], 2, 0).expect_err("the rule is needed");
    assert!(failure.contains("lost"), "{failure}");
}

#[test]
fn remains_that_the_header_does_not_tell_are_taken_for_a_tear() {
    let rules = Rules {
        remains_are_told: false,
        ..ALL
    };
    let failure = explore(rules, &[Write, Checkpoint], 3, 0).expect_err("the rule is needed");
    assert!(failure.contains("a tear although nothing"), "{failure}");
}

#[test]
fn a_record_before_its_chunk_is_synced_calls_a_crash_damage() {
    let rules = Rules {
        chunks_are_synced_first: false,
        ..ALL
    };
    let failure = explore(rules, &[Refer, Sync], 2, 0).expect_err("the rule is needed");
    assert!(failure.contains("a crash called damage"), "{failure}");
}

#[test]
fn a_record_before_the_name_of_its_chunk_is_synced_calls_a_crash_damage() {
    let rules = Rules {
        chunk_names_are_synced_first: false,
        ..ALL
    };
    let failure = explore(rules, &[Refer, Sync], 2, 0).expect_err("the rule is needed");
    assert!(failure.contains("a crash called damage"), "{failure}");
}

#[test]
fn chunks_that_are_believed_hide_damage() {
    let rules = Rules {
        chunks_are_compared: false,
        ..ALL
    };
    let failure = explore(rules, &[Refer, Sync], 2, 0).expect_err("the rule is needed");
    assert!(failure.contains("damaged, and nothing told"), "{failure}");
}

#[test]
#[ignore = "takes minutes without optimisation: cargo xtask torture --part log"]
fn the_rules_hold_over_deeper_histories() {
    let images = [
        explore(ALL, PLAIN, 4, 1),
        explore(ALL, PLAIN, 2, 2),
        explore(ALL, &[Write, Sync, Checkpoint], 4, 1),
        explore(ALL, &[Write, Stream, Mark, Sync, Rotate], 3, 1),
        explore(ALL, &[Refer, Sync, Checkpoint], 2, 2),
    ];
    assert_eq!(
        images,
        [
            Ok(658_466),
            Ok(406_340),
            Ok(4_296_926),
            Ok(13_133_650),
            Ok(18_910_880),
        ]
    );
}
