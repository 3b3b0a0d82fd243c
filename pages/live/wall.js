const heard = new WeakMap()
const bigClock = new Intl.DateTimeFormat("zh-CN", { timeZone: SHANGHAI, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" })
const bigDay = new Intl.DateTimeFormat("zh-CN", { timeZone: SHANGHAI, year: "numeric", month: "long", day: "numeric", weekday: "long" })

function tile(info) {
  return el("div", `tile ${info.tone}`, el("div", "label", info.label), el("b", "", info.value), el("div", "note", info.note || " "))
}

function line(alert) {
  const left = el("span", "due")
  const age = el("span", "age")
  const node = el(
    "div",
    `line ${alert.tone}`,
    el("span", "badge", alert.badge),
    el("span", "title", ...marked(alert.title)),
    el("span", "where", el("b", "", alert.place), el("span", "facts", `${alert.persons} · ${alert.money}`)),
    el("span", "spread", `${alert.outlets} 家媒体`),
    el("span", "times", left, age),
  )
  node.querySelector(".title").title = alert.title.map(([text]) => text).join("")
  node.tick = () => {
    const state = due(alert)
    left.className = `due ${state.tone}`
    left.textContent = state.words
    age.textContent = `${span((serverNow() - alert.raised) / 1000)}前`
  }
  return node
}

function prefecture(info, top) {
  const bar = el("span", "bar")
  for (const part of info.parts) {
    const piece = titled(el("span", `part ${part.tone}`), `${part.name} ${part.count} 起`)
    piece.style.width = `${(part.count / top) * 100}%`
    bar.append(piece)
  }
  return el("div", "prefecture", el("span", "name", info.name), bar, el("b", "", info.total))
}

export default function (component) {
  const { data, parentElement } = component
  const root = parentElement.querySelector(".wall")
  const before = heard.get(parentElement)
  if (!before || before.now !== data.pulse.now) {
    heard.set(parentElement, { now: data.pulse.now, at: Date.now() })
    globalThis.dutyClockOffset = data.pulse.now - Date.now()
    watchAlarm(data.pulse.alarm)
  }
  const time = el("div", "time")
  const day = el("div", "day")
  const words = el("strong", "words")
  const advice = el("span", "advice")
  const strip = el("div", "strip", el("span", "lamp"), words, advice)
  const sound = el("button", "sound")
  const full = el("button", "", "全屏")
  const leave = el("a", "leave", "退出大屏")
  sound.type = "button"
  full.type = "button"
  leave.href = "?"
  full.onclick = () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen())
  sound.onclick = async () => {
    const turnOff = soundWanted() && soundArmed()
    localStorage.setItem("duty-sound", turnOff ? "off" : "on")
    if (!turnOff) {
      await armSound()
      ring("II")
    }
    tick()
  }
  const lines = data.alerts.map(line)
  const top = Math.max(1, ...data.prefectures.map((row) => row.total))
  root.replaceChildren(
    el("header", "", el("div", "name", data.name, data.demo && el("span", "demo", "演示数据")), strip, el("div", "clock", time, day)),
    el("div", "tiles", ...data.tiles.map(tile)),
    el(
      "main",
      "",
      el("section", "alerts", el("h2", "", data.heading), ...(lines.length ? lines : [el("div", "nothing", data.nothing)])),
      el(
        "section",
        "side",
        el("h2", "", "未办结警情 · 按州市"),
        el("div", "prefectures", ...data.prefectures.map((row) => prefecture(row, top))),
        el("h2", "", "近 24 小时欠薪相关报道（每小时）"),
        el("div", "trend", bars(data.trend.series, data.trend.labels, "篇")),
        el("div", "axis", el("span", "", data.trend.labels[0]), el("span", "", "现在")),
      ),
    ),
    el("footer", "", el("span", "sources", data.pulse.sources.words), sound, full, leave),
  )
  const tick = () => {
    const now = serverNow()
    time.textContent = bigClock.format(now)
    day.textContent = bigDay.format(now)
    const silence = (Date.now() - heard.get(parentElement).at) / 1000
    const cut = silence > data.pulse.patience
    strip.dataset.state = cut ? "cut" : data.pulse.state
    words.textContent = cut ? `大屏与服务器失去联系 ${span(silence)}` : data.pulse.words
    advice.textContent = cut ? "内容可能已过时，正在自动重连" : data.pulse.advice
    sound.textContent = !soundWanted() ? "声音已关" : soundArmed() ? "声音已开" : "点此开启声音"
    tabTitle(data.pulse.unsigned)
    lines.forEach((node) => node.tick())
  }
  everySecond(parentElement, tick)
  return () => {
    stopTicking(parentElement)
    tabTitle(0)
  }
}
