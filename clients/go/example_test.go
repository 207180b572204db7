package imattr_test

import (
	"context"
	"fmt"
	"log"

	"imattr"
)

func Example() {
	result, err := new(imattr.Client).GetAttrs(context.Background(), []string{"Zhang Xiaohong", "abc"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result)
	// Output:
	// Zhang Xiaohong {"sex":"Female","city":"New York"}
	// abc {}
}
