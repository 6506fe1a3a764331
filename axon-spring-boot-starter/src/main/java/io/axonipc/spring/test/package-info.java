/** Tests of applications without their peers. */
@NullMarked
package io.axonipc.spring.test;

import org.jspecify.annotations.NullMarked;
