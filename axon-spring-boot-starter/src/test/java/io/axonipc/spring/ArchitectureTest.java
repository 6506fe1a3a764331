package io.axonipc.spring;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

class ArchitectureTest {

	private static final String AUTO_CONFIGURATION = "io.axonipc.spring.autoconfigure..";

	private static final JavaClasses CLASSES = new ClassFileImporter()
		.withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
		.importPackages("io.axonipc.spring");

	@Test
	void nothingImportsTheAutoConfiguration() {
		noClasses().that()
			.resideOutsideOfPackage(AUTO_CONFIGURATION)
			.should()
			.dependOnClassesThat()
			.resideInAPackage(AUTO_CONFIGURATION)
			.check(CLASSES);
	}

	@Test
	void onlyTheAutoConfigurationNeedsBootAndWhatIsOptional() {
		noClasses().that()
			.resideOutsideOfPackage(AUTO_CONFIGURATION)
			.should()
			.dependOnClassesThat()
			.resideInAnyPackage("org.springframework.boot..", "io.micrometer.core..", "tools.jackson..")
			.check(CLASSES);
	}

}
