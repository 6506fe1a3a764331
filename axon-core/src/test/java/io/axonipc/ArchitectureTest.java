package io.axonipc;

import java.lang.invoke.VarHandle;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

class ArchitectureTest {

	private static final JavaClasses CLASSES = new ClassFileImporter()
		.withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
		.importPackages("io.axonipc");

	@Test
	void posixKnowsNeitherRingsNorChannels() {
		noClasses().that()
			.resideInAPackage("io.axonipc.posix..")
			.should()
			.dependOnClassesThat()
			.resideInAnyPackage("io.axonipc", "io.axonipc.ring..")
			.check(CLASSES);
	}

	@Test
	void ringKnowsNeitherPosixNorChannels() {
		noClasses().that()
			.resideInAPackage("io.axonipc.ring..")
			.should()
			.dependOnClassesThat()
			.resideInAnyPackage("io.axonipc", "io.axonipc.posix..")
			.check(CLASSES);
	}

	@Test
	void onlyRingOrdersAccessesToSharedMemory() {
		noClasses().that()
			.resideOutsideOfPackage("io.axonipc.ring..")
			.and()
			// Its words are the process's own.
			.haveNameNotMatching(".*\\.BiasedLock(\\$.*)?")
			.should()
			.dependOnClassesThat()
			.areAssignableTo(VarHandle.class)
			.check(CLASSES);
	}

	@Test
	void nativeCallsStayInPosix() {
		noClasses().that()
			.resideOutsideOfPackage("io.axonipc.posix..")
			.should()
			.dependOnClassesThat()
			.resideInAnyPackage("jnr..", "com.kenai..")
			.check(CLASSES);
	}

}
