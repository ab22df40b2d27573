// Of several runs that overlap, the newest one is shown.

/** A function that starts a run and gives whether that run is still the newest one. */
export function latest() {
  let newest = 0;
  return () => {
    newest += 1;
    const own = newest;
    return () => own === newest;
  };
}
