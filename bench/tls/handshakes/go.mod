module kfdoor.dev/bench/handshakes

go 1.26
