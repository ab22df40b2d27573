//! [`forward_storage`](crate::forward_storage): the methods of a backend that stands in front of
//! another one and changes a few of its answers.

/// Methods of [`Storage`](crate::storage::Storage) that another backend answers.
///
/// ```
/// use rotortree_store::{
///     forward_storage, memory::MemoryStorage, storage::{Storage, WriteError},
/// };
///
/// /// A place in memory that has no marks.
/// #[derive(Debug)]
/// struct Markless(MemoryStorage);
///
/// impl Storage for Markless {
///     fn commit_mark(&self, _: u64, _: u64, _: &[u8]) -> Result<bool, WriteError> {
///         Ok(false)
///     }
///
///     forward_storage!(|place| place.0 => describe inspect acquire sweep list_segments
///         start_segment commit_group read_segment remove_segment start_units region
///         load_manifest commit_manifest quarantine);
/// }
/// ```
#[macro_export]
macro_rules! forward_storage {
    (|$place:ident| $to:expr => $($method:ident)*) => {
        $($crate::forward_storage!(@$method [$place, $to]);)*
    };
    (@describe $to:tt) => { $crate::forward_storage!(: $to describe() -> String); };
    (@name $to:tt) => {
        $crate::forward_storage!(: $to name(part: $crate::storage::Part) -> String);
    };
    (@inspect $to:tt) => {
        $crate::forward_storage!(: $to
            inspect() -> Result<$crate::storage::Place, $crate::StorageError>);
    };
    (@acquire $to:tt) => {
        $crate::forward_storage!(: $to
            acquire() -> Result<Box<dyn $crate::storage::Ownership>, $crate::StorageError>);
    };
    (@sweep $to:tt) => {
        $crate::forward_storage!(: $to sweep() -> Result<(), $crate::StorageError>);
    };
    (@list_segments $to:tt) => {
        $crate::forward_storage!(: $to list_segments() -> std::io::Result<Vec<u64>>);
    };
    (@start_segment $to:tt) => {
        $crate::forward_storage!(: $to start_segment(number: u64) -> Result<
            Box<dyn $crate::storage::SegmentWriter + '_>,
            $crate::storage::WriteError,
        >);
    };
    (@commit_group $to:tt) => {
        $crate::forward_storage!(: $to commit_group(segment: u64, offset: u64, group: &[u8])
            -> Result<(), $crate::storage::WriteError>);
    };
    (@commit_mark $to:tt) => {
        $crate::forward_storage!(: $to commit_mark(segment: u64, offset: u64, mark: &[u8])
            -> Result<bool, $crate::storage::WriteError>);
    };
    (@read_segment $to:tt) => {
        $crate::forward_storage!(: $to
            read_segment(number: u64) -> std::io::Result<$crate::storage::SegmentReader>);
    };
    (@remove_segment $to:tt) => {
        $crate::forward_storage!(: $to remove_segment(number: u64) -> std::io::Result<()>);
    };
    (@start_units $to:tt) => {
        $crate::forward_storage!(: $to start_units(with: &[&$crate::storage::Locator])
            -> std::io::Result<Box<dyn $crate::storage::UnitWriter + '_>>);
    };
    (@region $to:tt) => {
        $crate::forward_storage!(: $to region(
            locator: &$crate::storage::Locator,
            shard: $crate::storage::Shard,
            units: u64,
            reads: $crate::storage::Reads
        ) -> std::io::Result<std::sync::Arc<dyn $crate::storage::Region>>);
    };
    (@load_manifest $to:tt) => {
        $crate::forward_storage!(: $to load_manifest() -> std::io::Result<Option<Vec<u8>>>);
    };
    (@is_in_force $to:tt) => {
        $crate::forward_storage!(: $to
            is_in_force(generation: u64, head: &[u8]) -> std::io::Result<bool>);
    };
    (@commit_manifest $to:tt) => {
        $crate::forward_storage!(: $to commit_manifest(generation: u64, bytes: &[u8])
            -> Result<(), $crate::storage::WriteError>);
    };
    (@quarantine $to:tt) => {
        $crate::forward_storage!(: $to quarantine(label: &str, content: &mut dyn std::io::Read)
            -> std::io::Result<String>);
    };
    (: [$place:ident, $to:expr] $method:ident($($argument:ident: $type:ty),*) -> $result:ty) => {
        fn $method(&self, $($argument: $type),*) -> $result {
            let $place = self;
            $to.$method($($argument),*)
        }
    };
}
