module imattr

go 1.19
