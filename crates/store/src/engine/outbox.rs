//! [`scope`] and [`defer`]: foreign code waits until its thread holds no lock of the engine.
//!
//! An event ends in a subscriber, a dropped value in a destructor, and either may call any method
//! of the tree. Therefore such calls are deferred under a lock, with the lead, and during a
//! checkpoint. Each method that may defer a call opens a [`Scope`] before it takes its first lock.
//! When the thread's outermost scope ends, the deferred calls run in order. A panic ends only its
//! own call.

use std::{cell::RefCell, marker::PhantomData, mem};

use crate::{isolated::isolated, sync::per_thread};

type Call = Box<dyn FnOnce()>;

struct Outbox {
    /// The number of live scopes on this thread.
    depth: usize,
    calls: Vec<Call>,
}

per_thread!(static OUTBOX: RefCell<Outbox> = RefCell::new(Outbox { depth: 0, calls: Vec::new() }));

/// Defers the calls of its thread while it lives.
#[must_use]
pub(super) struct Scope(PhantomData<*const ()>);

/// Opens a scope. Keep it until the last lock is released.
pub(super) fn scope() -> Scope {
    // A thread that ends has no outbox: calls of its destructors run at once.
    OUTBOX
        .try_with(|outbox| outbox.borrow_mut().depth += 1)
        .ok();
    Scope(PhantomData)
}

impl Drop for Scope {
    fn drop(&mut self) {
        let calls = OUTBOX.try_with(|outbox| {
            let mut outbox = outbox.borrow_mut();
            outbox.depth -= 1;
            if outbox.depth == 0 {
                mem::take(&mut outbox.calls)
            } else {
                Vec::new()
            }
        });
        for call in calls.into_iter().flatten() {
            isolated(call);
        }
    }
}

/// Runs `call` when the thread's outermost scope ends, or at once without a scope.
pub(crate) fn defer(call: impl FnOnce() + 'static) {
    let mut call = Some(call);
    let noted = OUTBOX.try_with(|outbox| {
        let mut outbox = outbox.borrow_mut();
        if outbox.depth > 0
            && let Some(call) = call.take()
        {
            outbox.calls.push(Box::new(call));
        }
    });
    noted.ok();
    if let Some(call) = call {
        isolated(call);
    }
}

/// Drops a value that may own foreign values, once the thread holds no lock.
pub(super) fn discard(value: impl Sized + 'static) {
    defer(move || drop(value));
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::{cell::RefCell, rc::Rc};

    use super::*;

    #[test]
    fn calls_wait_for_the_outermost_scope_and_run_in_order_whatever_panics() {
        let told = Rc::new(RefCell::new(Vec::new()));
        let tell = |number: u32| {
            let told = Rc::clone(&told);
            move || told.borrow_mut().push(number)
        };
        defer(tell(0));
        assert_eq!(*told.borrow(), [0], "outside of a scope nothing waits");
        let outer = scope();
        let inner = scope();
        defer(tell(1));
        defer(|| panic!("a planned panic"));
        let (nested, late) = (tell(2), tell(3));
        defer(move || {
            let scope = scope();
            defer(nested);
            drop(scope);
        });
        drop(inner);
        assert_eq!(*told.borrow(), [0], "the outer scope still lives");
        defer(late);
        drop(outer);
        assert_eq!(*told.borrow(), [0, 1, 2, 3]);
    }
}
