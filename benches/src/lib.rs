//! Measurements of rotortree against its limits and its peers.
