// Built once per mounted strip and then only filled in: a button that is rebuilt under the pointer loses the click.
const strips = new WeakMap()

function build(root) {
  const strip = {
    root,
    words: el("strong", "words"),
    advice: el("span", "advice"),
    place: el("span", "place"),
    roster: titled(el("span", "roster"), "在“值班与交接”中排班"),
    sources: el("span", "sources"),
    sound: el("button", "sound"),
    wall: titled(el("a", "wall", "进入大屏"), "全屏大屏：无侧栏，大字，自动刷新"),
  }
  strip.sound.type = "button"
  strip.wall.href = "?wall=1"
  strip.sound.onclick = async () => {
    await toggleSound()
    showSound(strip.sound)
  }
  root.replaceChildren(el("span", "lamp"), strip.words, strip.place, strip.roster, strip.sources, strip.sound, strip.wall, strip.advice)
  return strip
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  let strip = strips.get(parentElement)
  if (!strip) {
    strip = build(parentElement.querySelector(".pulse"))
    strips.set(parentElement, strip)
  }
  if (strip.now !== data.now) {
    strip.now = data.now
    strip.receivedAt = Date.now()
    globalThis.dutyClockOffset = data.now - Date.now()
    watchAlarm(data.alarm)
  }
  // Asked once per state, and again where the answer got lost.
  if (data.changed && (data.changed !== strip.changed || Date.now() - strip.askedAt > 3000)) {
    strip.changed = data.changed
    strip.askedAt = Date.now()
    setTriggerValue("changed", data.changed)
  }
  strip.place.textContent = data.place
  strip.roster.textContent = data.roster
  strip.sources.textContent = data.sources.words
  strip.sources.title = data.sources.names
  strip.sources.classList.toggle("bad", data.sources.bad)
  // Any touch of the page will do for the browser; the button is for those who have not touched anything yet.
  document.onpointerdown = (event) => {
    if (event.composedPath().includes(strip.sound)) return
    if (soundWanted() && !soundArmed()) armSound().then(() => showSound(strip.sound))
  }
  everySecond(parentElement, () => {
    const silence = (Date.now() - strip.receivedAt) / 1000
    const cut = silence > data.patience
    strip.root.dataset.state = cut ? "cut" : data.state
    strip.words.textContent = cut ? `本页与服务器失去联系 ${span(silence)}` : data.words
    strip.advice.textContent = cut
      ? "下面的内容可能已过时；正在自动重连，长时间不恢复请检查网络或服务器。"
      : data.advice
    tabTitle(data.unsigned)
    showSound(strip.sound)
  })
  return () => {
    stopTicking(parentElement)
    strips.delete(parentElement)
    document.onpointerdown = null
    tabTitle(0)
  }
}
