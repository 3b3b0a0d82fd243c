const received = new WeakMap()

export default function (component) {
  const { data, parentElement } = component
  const root = parentElement.querySelector(".pulse")
  const before = received.get(parentElement)
  if (!before || before.now !== data.now) {
    received.set(parentElement, { now: data.now, at: Date.now() })
    globalThis.dutyClockOffset = data.now - Date.now()
    watchAlarm(data.alarm)
  }

  const lamp = el("span", "lamp")
  const words = el("strong", "words")
  const advice = el("span", "advice")
  const sources = titled(el("span", "sources", data.sources.words), data.sources.names)
  if (data.sources.bad) sources.classList.add("bad")
  const sound = el("button", "sound")
  sound.type = "button"
  const wall = titled(el("a", "wall", "进入大屏"), "全屏大屏：无侧栏，大字，自动刷新")
  wall.href = "?wall=1"
  root.replaceChildren(lamp, words, sources, sound, wall, advice)

  const showSound = () => {
    const on = soundWanted()
    sound.textContent = !on ? "声音已关" : soundArmed() ? "声音已开" : "点此开启声音"
    sound.title = !on
      ? "点击后，新的红色、橙色警情会响铃"
      : soundArmed()
        ? "新的红色、橙色警情会响铃；点击关闭（只影响本浏览器）"
        : "浏览器要求先点一下页面才允许发声"
    sound.classList.toggle("ask", on && !soundArmed())
  }
  sound.onclick = async (event) => {
    event.stopPropagation()
    const turnOff = soundWanted() && soundArmed()
    localStorage.setItem("duty-sound", turnOff ? "off" : "on")
    if (!turnOff) {
      await armSound()
      ring("II")
    }
    showSound()
  }
  // Any touch of the page will do for the browser; the button is for those who have not touched anything yet.
  document.onpointerdown = (event) => {
    if (event.composedPath().includes(sound)) return
    if (soundWanted() && !soundArmed()) armSound().then(showSound)
  }

  everySecond(parentElement, () => {
    const silence = (Date.now() - received.get(parentElement).at) / 1000
    const cut = silence > data.patience
    root.dataset.state = cut ? "cut" : data.state
    words.textContent = cut ? `本页与服务器失去联系 ${span(silence)}` : data.words
    advice.textContent = cut ? "下面的内容可能已过时；正在自动重连，长时间不恢复请检查网络或服务器。" : data.advice
    tabTitle(data.unsigned)
    showSound()
  })
  return () => {
    stopTicking(parentElement)
    document.onpointerdown = null
    tabTitle(0)
  }
}
