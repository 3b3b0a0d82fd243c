// The line above the queue: the server's clock, since when nothing was heard from it, and what the keys do.
const beats = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  let beat = beats.get(parentElement)
  if (!beat) {
    beat = { root: parentElement.querySelector(".queue_beat"), words: el("span", "words"), keys: el("details", "keys") }
    const hint = el("div", "hint")
    for (const [key, words] of data.keys) hint.append(el("kbd", "", key), el("span", "", words))
    beat.keys.append(el("summary", "", "键盘"), hint)
    beat.root.replaceChildren(beat.words, beat.keys)
    beats.set(parentElement, beat)
  }
  if (beat.now !== data.now) {
    beat.now = data.now
    beat.receivedAt = Date.now()
    globalThis.dutyClockOffset = data.now - Date.now()
  }
  // Asked once per state, and again where the answer got lost.
  if (data.changed && (data.changed !== beat.changed || Date.now() - beat.askedAt > 3000)) {
    beat.changed = data.changed
    beat.askedAt = Date.now()
    setTriggerValue("changed", data.changed)
  }
  everySecond(parentElement, () => {
    const silence = (Date.now() - beat.receivedAt) / 1000
    const cut = silence > data.patience
    beat.root.classList.toggle("cut", cut)
    beat.words.textContent = cut
      ? `本页与服务器失去联系 ${span(silence)}，列表可能已过时，正在自动重连`
      : `${clockFormat.format(serverNow())} 自动刷新中`
  })
  return () => {
    stopTicking(parentElement)
    beats.delete(parentElement)
  }
}
