//! One request of two sessions meets one fate: no session notices.

use rotortree_store::test_util::watchdog::limit_this_process;

use crate::{
    faulty::{Fate, FaultyStore},
    history::{case, requests_of_sessions, work},
};

fn at_each_request(fates: &[Fate]) {
    limit_this_process();
    let (first, second) = requests_of_sessions();
    assert!(first > 10 && second > 10, "{first} and {second} requests");
    for fate in fates {
        for at in 0..first + second {
            case(
                || format!("request {at} is {fate:?}"),
                |bucket, observed| {
                    let fate = fate.clone();
                    let plan = move |number, _| match number {
                        number if number == at => fate.clone(),
                        _ => Fate::Answered,
                    };
                    let client = FaultyStore::planned(bucket, "writer", plan);
                    work(&client, 1, observed).unwrap();
                    work(&client, 2, observed).unwrap();
                },
            );
        }
    }
}

#[test]
fn any_single_request_or_answer_may_be_lost() {
    at_each_request(&[Fate::Lost, Fate::Unanswered]);
}

#[test]
fn any_single_request_may_land_after_its_client_gave_it_up() {
    at_each_request(&[Fate::Late(1), Fate::Late(2), Fate::Late(5), Fate::Late(30)]);
}

#[test]
fn any_single_request_may_arrive_once_more_at_any_time() {
    at_each_request(&[
        Fate::Again(1),
        Fate::Again(4),
        Fate::Again(15),
        Fate::Again(40),
    ]);
}

#[test]
fn any_single_request_may_be_refused_for_the_moment_or_overtaken() {
    at_each_request(&[Fate::Conflict, Fate::Throttled, Fate::Slow]);
}
