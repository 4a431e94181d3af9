// Shows the time of day, as people ask for it anyway.
function startClock(place) {
  function tick() {
    place.textContent = new Date().toLocaleTimeString();
  }
  tick();
  setInterval(tick, 1000);
}
