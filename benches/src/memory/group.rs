//! [`Group`]: a control group of Linux that bounds the memory of this process, its cached pages
//! included.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A control group below the one that this process was started in, with this process in it. The
/// process leaves it, and it goes, when it is dropped.
///
/// Version 1 needs a writable memory controller. Version 2 needs that the controller is delegated
/// and that the parent has no process of its own, as `systemd-run --user --scope -p Delegate=yes`
/// gives it to a child.
#[derive(Debug)]
pub struct Group {
    parent: PathBuf,
    path: PathBuf,
}

impl Group {
    /// Moves this process into a group of `most_bytes`.
    ///
    /// # Errors
    /// What the system lacks: there is no memory controller, or it is not writable.
    pub fn enter(most_bytes: u64) -> io::Result<Self> {
        let groups = fs::read_to_string("/proc/self/cgroup")?;
        let (parent, limit) = own_group(&groups).ok_or_else(|| {
            io::Error::new(io::ErrorKind::Unsupported, "there is no memory controller")
        })?;
        let path = parent.join(format!("rotortree-bench-{}", std::process::id()));
        fs::create_dir(&path)?;
        // From here on it is removed whatever happens.
        let group = Self { parent, path };
        fs::write(group.path.join(limit), most_bytes.to_string())?;
        join(&group.path)?;
        Ok(group)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // What is left behind is an empty group, which binds nothing.
        let _ = join(&self.parent).and_then(|()| fs::remove_dir(&self.path));
    }
}

fn join(group: &Path) -> io::Result<()> {
    fs::write(group.join("cgroup.procs"), std::process::id().to_string())
}

/// The folder of this process's group and the name of its limit, from `/proc/self/cgroup`.
fn own_group(groups: &str) -> Option<(PathBuf, &'static str)> {
    groups.lines().find_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        let (root, limit) = if controllers.split(',').any(|name| name == "memory") {
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
        } else if controllers.is_empty() {
            ("/sys/fs/cgroup", "memory.max")
        } else {
            return None;
        };
        let folder = Path::new(root).join(path.trim_start_matches('/'));
        folder
            .join("cgroup.procs")
            .exists()
            .then_some((folder, limit))
    })
}
