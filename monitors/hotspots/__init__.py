"""Where trouble gathers (聚集), what rises (趋势), and how much of it could have been seen at all."""
