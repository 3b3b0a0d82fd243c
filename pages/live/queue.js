// The queue of alerts: limits count down here by the server's clock; the keyboard moves, ticks, opens and signs.
const queues = new WeakMap()

// mm:ss below an hour, so that a minute is seen to pass; days and hours above.
function countdown(seconds) {
  const whole = Math.max(0, Math.floor(seconds))
  if (whole >= 3600) return span(whole)
  return `${String(Math.floor(whole / 60)).padStart(2, "0")}:${String(whole % 60).padStart(2, "0")}`
}

function remaining(at) {
  const left = (at - serverNow()) / 1000
  if (left < 0) return { tone: "late", words: `超 ${countdown(-left)}` }
  return { tone: left < 600 ? "soon" : "wait", words: `剩 ${countdown(left)}` }
}

function chip(words, className, hint) {
  const node = el("span", className, words)
  return hint ? titled(node, hint) : node
}

function two(className, main, small, hint) {
  return titled(el("td", className, el("span", "main", main), small ? el("span", "small", small) : null), hint || `${main}\n${small || ""}`)
}

function limits(alert) {
  const cell = el("td", "limit")
  const left = el("span", "due")
  const small = el("span", "small")
  cell.append(left, small)
  const tick = () => {
    if (!alert.dues.length) {
      left.className = "due calm"
      left.textContent = alert.done
      return "calm"
    }
    const [next] = alert.dues
    const state = remaining(next.at)
    const late = alert.dues.filter((one) => one.at < serverNow()).length
    left.className = `due ${state.tone}`
    left.textContent = state.words
    small.textContent = late > 1 ? `${next.name} 等 ${late} 项超时` : `${next.name} ${moment(next.at)}`
    cell.title = alert.dues.map((one) => `${one.name}：${fullFormat.format(one.at)}（${remaining(one.at).words}）`).join("\n")
    return state.tone
  }
  return { cell, tick }
}

function line(alert, queue) {
  const node = el("tr", `line ${alert.tone}`)
  node.dataset.alert = alert.id
  node.tabIndex = 0
  node.setAttribute("aria-label", alert.name)
  const box = el("input")
  box.type = "checkbox"
  box.setAttribute("aria-label", `选择 ${alert.number}`)
  box.onchange = () => queue.tick(alert.id, box.checked)
  const pick = el("td", "pick", box)
  pick.onclick = (event) => event.stopPropagation()
  const title = titled(el("span", "title", ...marked(alert.title)), alert.title.map(([text]) => text).join(""))
  const limit = limits(alert)
  node.append(
    pick,
    el("td", "level", titled(el("span", "badge", alert.badge), `警情编号 ${alert.number}`)),
    el(
      "td",
      "event",
      title,
      el("span", "meta", chip(alert.number, "number"), alert.spread, ...alert.marks.map(([words, hint]) => chip(words, "mark", hint))),
    ),
    two("where", alert.place, alert.facts, `${alert.placeFull}\n${alert.facts}`),
    two("state", alert.state, alert.holder),
    limit.cell,
  )
  node.box = box
  node.alert = alert
  node.tick = () => node.classList.toggle("late", limit.tick() === "late")
  node.onclick = () => queue.open(node)
  node.onfocus = () => queue.stand(alert.id)
  return node
}

function bar(queue, data) {
  const button = (words, name, work) => {
    const node = el("button", name, words)
    node.type = "button"
    node.onclick = work
    return node
  }
  const node = el("div", "bar")
  const told = el("span", "told")
  const acts = data.acts.map((act) => button(act.words, `act ${act.name}`, () => queue.act(act.name)))
  const free = button("取消选择", "free", () => queue.free())
  node.append(told, ...acts, free)
  node.tell = () => {
    const number = queue.picked.size
    told.textContent = number ? `已选 ${number} 起` : "勾选警情后可批量办理"
    for (const act of acts) act.disabled = number === 0
    free.hidden = number === 0
  }
  return node
}

function tabs(data, send) {
  const node = el("div", "tabs")
  for (const choice of data.choices) {
    const button = titled(el("button", `choice ${choice.tone}`, choice.label, el("b", "", choice.count)), choice.hint)
    button.type = "button"
    button.setAttribute("aria-pressed", String(choice.on))
    button.onclick = () => send("choose", choice.value)
    node.append(button)
  }
  return node
}

function pager(data, send) {
  const node = el("div", "pager")
  if (data.pages < 2) return node
  const turn = (words, page) => {
    const button = el("button", "", words)
    button.type = "button"
    button.disabled = page < 1 || page > data.pages
    button.onclick = () => send("page", page)
    return button
  }
  node.append(turn("‹ 上一页", data.page - 1), `第 ${data.page} / ${data.pages} 页，共 ${data.total} 起`, turn("下一页 ›", data.page + 1))
  return node
}

// Where letters are text, or another layer lies above, the keys are not ours.
function busy(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return true
  const [target] = event.composedPath()
  if (target instanceof Element && target.closest("input:not([type=checkbox]), textarea, select, [contenteditable=true], [role=listbox], [role=combobox]")) return true
  return document.querySelector('[role="dialog"], [data-testid="stDialog"], [data-baseweb="popover"]') !== null
}

function keys(queue) {
  return (event) => {
    if (busy(event)) return
    const inside = event.composedPath().includes(queue.root)
    const at = queue.lines.findIndex((node) => node.alert.id === queue.at)
    const go = (index) => {
      const node = queue.lines[Math.min(queue.lines.length - 1, Math.max(0, index))]
      node?.focus()
      node?.scrollIntoView({ block: "nearest" })
    }
    const own = event.composedPath()[0]
    const onRow = own instanceof Element && own.classList.contains("line")
    const acts = {
      j: () => go(at + 1),
      k: () => go(at - 1),
      x: () => at >= 0 && queue.tick(queue.at, !queue.picked.has(queue.at)),
      s: () => queue.act("sign", true),
      "/": () => document.querySelector('[class*="st-key-alerts-text"] input')?.focus(),
    }
    if (inside && onRow) {
      // Arrows scroll the page unless somebody stands on a row.
      acts.ArrowDown = acts.j
      acts.ArrowUp = acts.k
      acts.Enter = () => queue.open(queue.lines[at])
    }
    const work = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key]
    if (!work) return
    event.preventDefault()
    work()
  }
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const queue = queues.get(parentElement) || { root: parentElement.querySelector(".queue"), picked: new Set(), lines: [], at: "" }
  queues.set(parentElement, queue)
  const shown = JSON.stringify(data)
  // A row that is built again loses the pointer and the keyboard's place: only for a change.
  if (queue.shown === shown) return queue.leave
  queue.shown = shown
  const focused = queue.root.getRootNode().activeElement?.closest?.("tr")?.dataset?.alert
  const before = queue.seen

  queue.tick = (id, on) => {
    if (on) queue.picked.add(id)
    else queue.picked.delete(id)
    queue.tell()
  }
  queue.stand = (id) => {
    queue.at = id
  }
  queue.open = (node) => {
    if (!node) return
    queue.at = node.alert.id
    setTriggerValue("open", node.alert.number)
  }
  queue.free = () => {
    queue.picked.clear()
    queue.tell()
  }
  // By the keyboard the row one stands on will do; a button acts on what is ticked.
  queue.act = (name, standing = false) => {
    if (!data.acts.some((act) => act.name === name)) return
    const ids = queue.picked.size ? [...queue.picked] : standing && queue.at ? [queue.at] : []
    if (ids.length) setTriggerValue("act", { name, ids, at: Date.now() })
  }
  const here = new Set(data.rows.map((alert) => alert.id))
  queue.picked = new Set([...queue.picked].filter((id) => here.has(id)))
  if (!here.has(queue.at)) queue.at = ""
  queue.lines = data.rows.map((alert) => {
    const node = line(alert, queue)
    if (before && !before.has(alert.id)) node.classList.add("fresh")
    return node
  })
  queue.seen = new Set([...(before || []), ...here])
  const all = el("input")
  all.type = "checkbox"
  all.setAttribute("aria-label", "选择本页全部警情")
  all.onchange = () => {
    for (const id of here) {
      if (all.checked) queue.picked.add(id)
      else queue.picked.delete(id)
    }
    queue.tell()
  }
  const bulk = bar(queue, data)
  queue.tell = () => {
    for (const node of queue.lines) {
      node.box.checked = queue.picked.has(node.alert.id)
      node.classList.toggle("picked", node.box.checked)
    }
    all.checked = queue.picked.size > 0 && queue.picked.size === here.size
    all.indeterminate = queue.picked.size > 0 && queue.picked.size < here.size
    bulk.tell()
  }
  const heads = ["级别", "事件", "地点 / 规模", "状态 / 承办", "最近时限"]
  const table = el(
    "table",
    "",
    el("colgroup", "", ...["pick", "level", "event", "where", "state", "limit"].map((name) => el("col", name))),
    el("thead", "", el("tr", "", el("th", "pick", all), ...heads.map((words) => el("th", "", words)))),
    el("tbody", "", ...queue.lines),
  )
  const foot = el("div", "foot", data.acts.length && queue.lines.length ? bulk : el("span"), pager(data, setTriggerValue))
  queue.root.replaceChildren(tabs(data, setTriggerValue), el("div", "frame", queue.lines.length ? table : el("div", "nothing", data.nothing)), foot)
  queue.tell()
  if (focused) queue.lines.find((node) => node.alert.id === focused)?.focus({ preventScroll: true })
  everySecond(parentElement, () => queue.lines.forEach((node) => node.tick()))
  document.removeEventListener("keydown", queue.keys)
  queue.keys = keys(queue)
  document.addEventListener("keydown", queue.keys)
  queue.leave = () => {
    stopTicking(parentElement)
    document.removeEventListener("keydown", queue.keys)
    queues.delete(parentElement)
  }
  return queue.leave
}
